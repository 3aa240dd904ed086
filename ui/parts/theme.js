// Tells when the page is shown in another theme than the one that its charts were drawn for.
export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector("span")
  place.ontransitionend = () => {
    const [light] = getComputedStyle(place).color.match(/\d+/)
    if (data.dark !== light > 127) setTriggerValue("other", true) // light words: a dark theme
  }
}
