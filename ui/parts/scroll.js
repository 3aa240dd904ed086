// Brings the place where it stands into the window at each new moment; or the keyboard to a control.
const moments = new WeakMap() // the last one of each place

export default function ({ data, parentElement }) {
  const place = parentElement.querySelector("span")
  const before = moments.get(parentElement)
  moments.set(parentElement, data.moment)
  if (before === data.moment || (before === undefined && !data.first)) return
  place.className = data.ifHidden ? "headed" : ""
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches
  setTimeout(() => {
    if (data.control) {
      if (document.activeElement !== document.body) return // it was not lost, or has gone on
      const wanted = ":is(button:not([aria-label^=Help]), input:not([type=file])):enabled"
      document.querySelector(`.st-key-${data.control} ${wanted}`)?.focus()
      return
    }
    const block = data.ifHidden ? "nearest" : "start"
    place.scrollIntoView({ behavior: calm ? "instant" : "smooth", block })
    if (data.focus) place.focus({ preventScroll: true })
  }, 300) // what is drawn below it makes the page long enough
}
