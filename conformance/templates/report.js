"use strict";
const form = document.querySelector(".filter");
const rows = [...document.querySelectorAll("[data-verdict]")].map((row) => ({
  row, text: row.textContent.toLowerCase().replace(/\s+/g, " "), isFinding: row.matches(".finding"),
}));
const filter = () => {
  const chosen = new FormData(form);
  const verdicts = chosen.getAll("verdict");
  const words = chosen.get("text").toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { row, text, isFinding } of rows) {
    const { verdict, area, level } = row.dataset;
    const is = verdicts.includes(verdict) && (!chosen.get("area") || chosen.get("area") === area) &&
      (!chosen.get("level") || chosen.get("level") === level) && words.every((word) => text.includes(word));
    row.hidden = !is;
    if (is && !isFinding) shown += 1;
  }
  for (const area of document.querySelectorAll(".area")) area.hidden = !area.querySelector("li:not([hidden])");
  const all = rows.filter((entry) => !entry.isFinding).length;
  form.querySelector("output").textContent = shown === all ? `${all} checks` : `${shown} of ${all} checks`;
};
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = false;
filter();

for (const line of document.querySelectorAll(".curl")) {
  const box = document.createElement("div");
  const button = document.createElement("button");
  box.className = "copied";
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy the curl line");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(line.textContent);
    } catch {
      getSelection().selectAllChildren(line);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  line.replaceWith(box);
  box.append(line, button);
}

const open = () => {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.matches("details")) { target.hidden = false; target.open = true; target.scrollIntoView(); }
};
addEventListener("hashchange", open);
open();
