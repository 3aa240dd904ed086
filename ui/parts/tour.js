// A card of a few steps. That it was seen is remembered by this browser, in a cookie without content.
const DAYS = 400 // browsers keep no cookie for longer
const places = new WeakMap() // step of each instance: outlives reruns

export default function ({ data, parentElement, setTriggerValue }) {
  const find = name => parentElement.querySelector(name)
  const card = find(".card")
  const last = data.stops.length - 1
  let place = places.get(parentElement) ?? 0

  const secure = location.protocol === "https:" ? "; Secure" : ""
  document.cookie =
    `${data.cookie}=1; Path=/; Max-Age=${DAYS * 86400}; SameSite=Lax${secure}`

  const offers = data.offers.map(({ to, words }) => {
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = words
    button.onclick = () => leave(to)
    return button
  })
  find(".offers").replaceChildren(...offers)

  function show() {
    const { title, text } = data.stops[place]
    find(".where").textContent = `${place + 1} of ${last + 1}`
    find("h2").textContent = title
    find(".text").textContent = text
    find(".back").hidden = place === 0
    find(".next").hidden = find(".skip").hidden = place === last
    find(".offers").hidden = place !== last
    places.set(parentElement, place)
  }
  function go(by) {
    const to = Math.min(last, Math.max(0, place + by))
    if (to === place) return
    const focused = card.contains(card.getRootNode().activeElement)
    place = to
    show()
    // The button that was pressed may be gone: the keyboard stays on the card.
    if (focused) (place === last ? offers[0] : find(".next")).focus()
  }
  function leave(to) {
    card.hidden = true
    setTriggerValue("left", { to, at: Date.now() })
  }
  find(".next").onclick = () => go(1)
  find(".back").onclick = () => go(-1)
  find(".skip").onclick = () => leave("")
  card.onkeydown = event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const act = {
      ArrowRight: () => go(1), ArrowLeft: () => go(-1), Escape: () => leave(""),
    }[event.key]
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }
  show()
}
