// Copies the address of what is shown.
export default function ({ parentElement }) {
  const button = parentElement.querySelector("button")
  const status = parentElement.querySelector("p")
  button.textContent = "Copy link"
  status.textContent = ""
  button.onclick = async () => {
    const address = document.location.href
    status.textContent = (await copy(address)) ? "Copied." : address
  }
}

async function copy(words) {
  try {
    await navigator.clipboard.writeText(words)
    return true
  } catch {
    return false // no https, or not allowed: the address is shown instead, to be copied by hand
  }
}
