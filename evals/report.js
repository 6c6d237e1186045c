"use strict";
// Filters over the cases. Without this script the page shows them all.
const form = document.getElementById("filters");
if (form) {
  const cases = [...document.querySelectorAll("details.case")].map((node) => ({
    node,
    text: node.textContent.toLowerCase(),
    states: node.dataset.state.split(" "),
    tags: JSON.parse(node.dataset.tags),
  }));
  const filter = () => {
    const wanted = Object.fromEntries(new FormData(form));
    const words = wanted.words.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { node, text, states, tags } of cases) {
      const fits =
        (!wanted.state || states.includes(wanted.state)) &&
        (!wanted.stage || node.dataset.stage === wanted.stage) &&
        (!wanted.tag || tags.includes(wanted.tag)) &&
        words.every((word) => text.includes(word));
      node.hidden = !fits;
      shown += fits;
    }
    form.querySelector("output").textContent = `${shown} of ${cases.length}`;
  };
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
}
// A link to a citation opens the case that holds it.
const open = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  const holder = target && target.closest("details");
  if (holder) {
    holder.open = true;
    target.scrollIntoView();
  }
};
addEventListener("hashchange", open);
open();
