// The seven probabilities, in their groups (groups.js).
export default function ({ data, parentElement }) {
  parentElement.querySelector(".groups").replaceChildren(...data.groups.map(group))
}
