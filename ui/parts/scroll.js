// Brings the place where it stands into the window at each new moment.
const moments = new WeakMap() // the last one of each place

export default function ({ data, parentElement }) {
  const place = parentElement.querySelector("span")
  const before = moments.get(parentElement)
  moments.set(parentElement, data.moment)
  if (before === data.moment || (before === undefined && !data.first)) return
  place.className = data.ifHidden ? "headed" : ""
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches
  setTimeout(() => {
    const block = data.ifHidden ? "nearest" : "start"
    place.scrollIntoView({ behavior: calm ? "instant" : "smooth", block })
    if (data.focus) place.focus({ preventScroll: true })
  }, 300) // what is drawn below it makes the page long enough
}
