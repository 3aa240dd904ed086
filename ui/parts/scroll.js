// Brings the place where it stands to the top of the window, and the keyboard with it.
export default function ({ parentElement }) {
  const place = parentElement.querySelector("span")
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches
  const later = setTimeout(() => {
    place.scrollIntoView({ behavior: calm ? "instant" : "smooth", block: "start" })
    place.focus({ preventScroll: true })
  }, 300) // what is drawn below it makes the page long enough
  return () => clearTimeout(later)
}
