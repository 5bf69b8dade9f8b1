const PAGE = 20;
const FIELDS = { kind: "kind", mode: "mode", attack: "attack", judges: "judges", suite: "suite", category: "category" };
const [form, list, next, found] = ["filters", "list", "next", "found"].map((id) => document.getElementById(id));
let matching = [];
let shown = 0;

function choice(name, label, values) {
  const count = (value) => data.cases.filter((one) => [one[name]].flat().includes(value)).length;
  const select = element("select");
  select.name = name;
  select.append(new Option("all", ""), ...values.map((value) => new Option(`${value} (${count(value)})`, value)));
  return element("label", "", label, select);
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
  const verdicts = said.verdicts.map((verdict) => element("span", "badge", verdict));
  const failed = said.error ? element("p", "bad", `Failed: ${said.error}`) : null;
  const facts = [element("p", "", ...flags), verdicts.length ? element("p", "", ...verdicts) : null];
  return element("div", `answer ${model}`, element("h4", "", model), ...facts, failed, written, calls(said.calls));
}

function body(one) {
  const facts = [["suite", one.suite], ["attack", one.attack], ["budget", one.spent], ["category", one.category], ["case", one.case]];
  const answers = () => [
    one.opening ? element("p", "note", "Grey text is the opening that the model was given.") : null,
    element("div", "answers", answer("frozen", one.opening, one.frozen), answer("adapted", one.opening, one.adapted)),
  ].filter(Boolean);
  const calm = one.kind === "clean";
  const known = facts.filter(([, value]) => value).map(([label, value]) => counted(label, value));
  return [element("p", "", ...known), context(one), folded(calm ? "Answers" : "Answers: may hold harmful text", answers, calm)];
}

function row(one) {
  const badges = one.outcomes.map((outcome) => element("span", `badge ${outcome.replaceAll(" ", "-")}`, outcome));
  if (one.judges === "judges disagree") badges.push(element("span", "badge", one.judges));
  const name = element("code", "", ...one.short.split(/(?<=[/_])/).flatMap((part) => [part, element("wbr")]));
  return folded(element("span", "case", name, element("small", "", `${one.kind}, ${one.mode}`), element("span", "badges", ...badges)), () => body(one));
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
      Object.keys(FIELDS).every((name) => !wanted[name] || one[name] === wanted[name]) &&
      (!wanted.outcomes || one.outcomes.includes(wanted.outcomes)) &&
      (!id || one.case.toLowerCase().includes(id)),
  );
  const about = wanted.outcomes ? ` (${wanted.outcomes}: ${data.outcomes[wanted.outcomes]})` : "";
  found.textContent = `${matching.length} of ${data.cases.length}, each case once per mode${about}`;
  list.replaceChildren();
  shown = 0;
  more();
}

function start() {
  const search = element("input");
  Object.assign(search, { type: "search", name: "id", placeholder: "part of an id", autocomplete: "off" });
  const present = (name) => [...new Set(data.cases.map((one) => one[name]))].filter(Boolean).sort();
  const outcomes = Object.keys(data.outcomes).filter((outcome) => data.cases.some((one) => one.outcomes.includes(outcome)));
  const worth = Object.entries(FIELDS).filter(([name]) => present(name).length > 1);
  form.append(choice("outcomes", "outcome", outcomes), ...worth.map(([name, label]) => choice(name, label, present(name))));
  form.append(element("label", "", "id", search));
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  next.addEventListener("click", more);
  filter();
}

if (form) start();
