// Tells when the page is shown in another theme than the one that its charts were drawn for: as it
// changes, and when charts arrive that the page has meanwhile left the theme of. Of each change
// that is told once, so that a browser with colours of its own does not run the page for ever.
export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector("span")
  const isDark = () => Number(getComputedStyle(place).color.match(/\d+/)[0]) > 127 // light words
  place.told ??= String(isDark())
  const follow = () => {
    if (data.dark === isDark()) return
    place.told = String(isDark())
    setTriggerValue("other", true)
  }
  place.ontransitionend = follow
  if (place.told !== String(isDark())) follow()
}
