"use strict";
// Text reaches the page as text nodes only: nothing in the data is ever parsed as HTML.
const data = JSON.parse(document.getElementById("browser").textContent);
const PAGE = 40;
const FIELDS = ["kind", "mode", "suite", "category"];
const [form, list, next, found] = ["filters", "list", "next", "found"].map((id) => document.getElementById(id));
let matching = [];
let shown = 0;

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null));
  return made;
}

function choice(name, values) {
  const count = (value) => data.cases.filter((one) => [one[name]].flat().includes(value)).length;
  const select = element("select");
  select.name = name;
  select.append(new Option("all", ""), ...values.map((value) => new Option(`${value} (${count(value)})`, value)));
  return element("label", "", name === "outcomes" ? "outcome" : name, select);
}

function folded(summary, fill, open = false) {
  const details = element("details", "fold", element("summary", "", summary));
  details.addEventListener("toggle", () => details.open && details.children.length === 1 && details.append(...fill()));
  details.open = open;
  return details;
}

function calls(written) {
  return written.length ? element("ul", "calls", ...written.map((call) => element("li", "", call))) : null;
}

function turn(index) {
  const message = data.messages[index];
  const parts = message.parts.map(([text, attacker]) => (attacker ? element("mark", "", text) : text));
  const title = message.name ? `${message.role} · ${message.name}` : message.role;
  return element("div", `turn ${message.role}`, element("b", "", title), element("p", "", ...parts), calls(message.calls));
}

function context(one) {
  const turns = (data.contexts[one.example] || []).slice(0, one.message);
  if (!turns.length) return element("p", "none", "The context is not in dataset/holdout.jsonl.");
  const attacked = turns.filter((index) => data.messages[index].parts.some(([, attacker]) => attacker)).length;
  const note = attacked ? `, attacker's text marked in ${attacked}` : "";
  return folded(`Context: ${turns.length} messages${note}`, () => turns.map(turn));
}

function answer(model, opening, said) {
  if (!said) return element("div", `answer ${model}`, element("h4", "", model), element("p", "none", "no data"));
  const written = element("pre", "", opening ? element("span", "opening", opening) : null, said.output || "");
  if (!opening && !said.output) written.append(element("span", "none", "nothing written"));
  const flags = said.flags.map((flag) => element("span", "count", flag));
  const failed = said.error ? element("p", "bad", `Failed: ${said.error}`) : null;
  return element("div", `answer ${model}`, element("h4", "", model), element("p", "", ...flags), failed, written, calls(said.calls));
}

function body(one) {
  const facts = ["suite", "family", "category", "example"].filter((key) => one[key]).map((key) => element("span", "count", `${key} `, element("b", "", one[key])));
  const answers = () => [
    one.opening ? element("p", "note", "Grey text is the opening that the model was given.") : null,
    element("div", "answers", answer("frozen", one.opening, one.frozen), answer("adapted", one.opening, one.adapted)),
  ].filter(Boolean);
  const warning = one.kind === "clean" ? "Answers" : "Answers: may hold harmful text";
  return [element("p", "", ...facts), context(one), folded(warning, answers, one.kind === "clean")];
}

function row(one) {
  const badges = one.outcomes.map((outcome) => element("span", `badge ${outcome.replaceAll(" ", "-")}`, outcome));
  const summary = element("span", "case", element("code", "", one.case), element("small", "", `${one.kind}, ${one.mode}`), element("span", "badges", ...badges));
  return folded(summary, () => body(one));
}

function more() {
  list.append(...matching.slice(shown, shown + PAGE).map(row));
  shown = Math.min(shown + PAGE, matching.length);
  next.hidden = shown >= matching.length;
  next.textContent = `Show ${Math.min(PAGE, matching.length - shown)} more of ${matching.length - shown}`;
}

function filter() {
  const wanted = Object.fromEntries(new FormData(form));
  const id = wanted.id.trim().toLowerCase();
  matching = data.cases.filter(
    (one) =>
      FIELDS.every((name) => !wanted[name] || one[name] === wanted[name]) &&
      (!wanted.outcomes || one.outcomes.includes(wanted.outcomes)) &&
      (!id || one.case.toLowerCase().includes(id)),
  );
  const about = wanted.outcomes ? ` (${wanted.outcomes}: ${data.outcomes[wanted.outcomes]})` : "";
  found.textContent = `${matching.length} of ${data.cases.length}, each case once per mode${about}`;
  list.replaceChildren();
  shown = 0;
  more();
}

const search = element("input");
Object.assign(search, { type: "search", name: "id", placeholder: "part of an id", autocomplete: "off" });
const present = (name) => [...new Set(data.cases.map((one) => one[name]))].filter(Boolean).sort();
const outcomes = Object.keys(data.outcomes).filter((outcome) => data.cases.some((one) => one.outcomes.includes(outcome)));
form.append(choice("outcomes", outcomes), ...FIELDS.map((name) => choice(name, present(name))), element("label", "", "id", search));
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
next.addEventListener("click", more);
filter();
