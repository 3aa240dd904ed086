// Says what it is given. Later than it is drawn: nothing is said of what was there from the start.
export default function ({ data, parentElement }) {
  const place = parentElement.querySelector("p")
  if (place.textContent === data.words) return
  setTimeout(() => { place.textContent = data.words }, 300)
}
