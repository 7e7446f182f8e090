// What pages do better with a script than without: copying, and filtering what is already shown.
"use strict";

for (const place of document.querySelectorAll("[data-copy]")) {
  const source = place.querySelector("code");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain small copy";
  button.textContent = "Copy";
  if (place.dataset.copy) button.setAttribute("aria-label", `Copy ${place.dataset.copy}`);
  const said = document.createElement("span");
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    let done = "Copied";
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      // Without TLS a browser has no clipboard for pages; the text is selected instead.
      getSelection().selectAllChildren(source);
      done = "Selected";
    }
    button.textContent = said.textContent = done;
    setTimeout(() => { button.textContent = "Copy"; said.textContent = ""; }, 2000);
  });
  place.append(button, said);
}

for (const filter of document.querySelectorAll("[data-filter]")) {
  const rows = [...document.querySelectorAll(filter.dataset.filter)];
  const input = filter.querySelector("input");
  const count = filter.querySelector("[role=status]");
  filter.hidden = false;
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = wanted ? `${shown} of ${rows.length} shown` : "";
  });
}
