"use strict";
const offer = (root) => {
  for (const code of root.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy the address");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        getSelection().selectAllChildren(code);
        document.execCommand("copy");
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    code.after(button);
  }
};
const parts = [...document.querySelectorAll("[data-live]")];
const shown = new Map(parts.map((part) => [part.id, part.className + part.innerHTML]));
offer(document);

const update = (text) => {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const part of parts) {
    const next = fresh.getElementById(part.id);
    if (!next) continue;
    const now = next.className + next.innerHTML;
    if (shown.get(part.id) === now) continue;
    shown.set(part.id, now);
    const was = new Map([...part.querySelectorAll("details")].map((details) => [details.id, details.open]));
    part.className = next.className;
    part.replaceChildren(...next.childNodes);
    for (const details of part.querySelectorAll("details")) details.open = was.get(details.id) ?? details.open;
    offer(part);
  }
};
const look = async () => {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.pathname, { cache: "no-store" });
      if (answer.ok) update(await answer.text());
    } catch { /* The next look may find it again. */ }
  }
  setTimeout(look, 1000);
};
setTimeout(look, 1000);
