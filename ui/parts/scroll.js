// Brings the place where it stands into the window, and the keyboard with it.
export default function ({ data, parentElement }) {
  const place = parentElement.querySelector("span")
  place.className = data.hidden ? "headed" : ""
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches
  const later = setTimeout(() => {
    place.scrollIntoView({ behavior: calm ? "instant" : "smooth", block: data.hidden ? "nearest" : "start" })
    place.focus({ preventScroll: true })
  }, 300) // what is drawn below it makes the page long enough
  return () => clearTimeout(later)
}
