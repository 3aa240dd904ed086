// Brings the place where it stands into the window at each new moment; or the keyboard to a control.
const moments = new WeakMap() // the last one of each place

export default function ({ data, parentElement }) {
  const place = parentElement.querySelector("span")
  const before = moments.get(parentElement)
  moments.set(parentElement, data.moment)
  if (before === data.moment || (before === undefined && !data.first)) return
  place.className = data.ifHidden ? "headed" : ""
  if (data.control) place.removeAttribute("tabindex") // no place to go to itself
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches
  setTimeout(() => {
    if (data.control) {
      regain(data.control)
      return
    }
    const block = data.ifHidden ? "nearest" : "start"
    place.scrollIntoView({ behavior: calm ? "instant" : "smooth", block })
    if (data.focus) place.focus({ preventScroll: true })
  }, 300) // what is drawn below it makes the page long enough
}

// The page may still be about to lose the keyboard's place, so it is waited for a while. Who has
// gone on elsewhere in the meantime stays there.
function regain(control) {
  const wanted = ":is(button:not([aria-label^=Help]), input:not([type=file])):enabled"
  const end = Date.now() + 1500
  const look = () => {
    const lost = document.activeElement === document.body
    if (lost) document.querySelector(`.st-key-${control} ${wanted}`)?.focus()
    else if (Date.now() < end) setTimeout(look, 50)
  }
  look()
}
