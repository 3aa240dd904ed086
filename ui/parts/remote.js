// A presenter's remote sends Page Down: it presses the button, wherever the keyboard is.
export default function ({ data }) {
  function press(event) {
    if (event.key !== "PageDown" || document.querySelector("[role=dialog]")) return
    const button = document.querySelector(`.st-key-${data.button} button:enabled`)
    if (!button) return
    event.preventDefault()
    if (!event.repeat) button.click()
  }
  document.addEventListener("keydown", press)
  return () => document.removeEventListener("keydown", press)
}
