// Copies the address of what is shown, without what must not be handed on.
export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button")
  const status = parentElement.querySelector("p")
  button.textContent = "Copy link"
  status.textContent = ""
  button.onclick = async () => {
    const url = new URL(document.location.href)
    for (const name of data.leaveOut) url.searchParams.delete(name)
    const copied = await copy(url.href)
    status.textContent = copied ? "Copied." : url.href
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
