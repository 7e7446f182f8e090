// Says what a person would do next on this page, as elements. Changes nothing.
const plan = arguments[0];
const isVisible = (element) => element.getClientRects().length > 0 && !element.disabled;
const all = (css, within = document) => Array.from(within.querySelectorAll(css)).filter(isVisible);
const chosen = (css) => (css ? all(css)[0] || null : null);
const label = (element) => `${element.innerText || ""} ${element.value || ""}`.toLowerCase();
const says = (element, words) => words.some((word) => label(element).includes(word));
const pressable = "button, input[type=submit], [role=button], a[href]";

const password = chosen(plan.selectors.password) || all("input[type=password]")[0] || null;
const lonelyUser = chosen(plan.selectors.user) || all("input[type=email]")[0] || null;
if (password || (lonelyUser && !lonelyUser.value)) {
  const form = (password || lonelyUser).form || document;
  const user =
    chosen(plan.selectors.user) ||
    all("input", form).find((field) => ["text", "email"].includes(field.type)) ||
    null;
  const submits = all("button, input[type=submit]", form).filter((button) => button.type === "submit");
  const button =
    chosen(plan.selectors.sign_in) ||
    submits.find((button) => !says(button, ["deny", "cancel", "decline", "reject"])) ||
    null;
  return { user, password, button };
}
const isScopeBox = (box) => Boolean(plan.selectors.scopes) || plan.known.includes(box.value);
const scopeBoxes = all(plan.selectors.scopes || "input[type=checkbox]").filter(isScopeBox);
const boxes =
  plan.kept === null
    ? []
    : scopeBoxes.filter((box) => box.checked !== plan.kept.includes(box.value));
const fixed = "input[type=hidden], input[type=checkbox]:disabled:checked";
const isLocked = Array.from(document.querySelectorAll(fixed)).some(
  (field) => plan.kept !== null && plan.known.includes(field.value) && !plan.kept.includes(field.value),
);
const button =
  chosen(plan.decide) ||
  all(pressable).find((element) => says(element, plan.words) && !says(element, plan.others)) ||
  null;
return { boxes, button, canNarrow: scopeBoxes.length > 0 && !isLocked };
