const SPANS = ["turn", "thinking", "text", "tool_call", "tool_name", "tool_arguments", "tool_result", "injected"];

// The class is one of ours, whatever the data says.
function spanClass(name, masked) {
  return `run span-${SPANS.includes(name) ? name : "template"}${masked ? " masked" : ""}`;
}

function tokens(view) {
  const all = view.runs.every(([, masked]) => masked); // then underlining tells nothing
  const runs = view.runs.map(([span, masked, texts]) =>
    element("span", spanClass(span, masked && !all), ...texts.map((text) => element("i", "", text))),
  );
  const mask = element("span", all ? "" : "run masked", all ? "every token is retained" : "rerouted");
  const legend = [...new Set(view.runs.map(([span]) => span))].filter((span) => SPANS.includes(span));
  const names = legend.map((span) => element("span", spanClass(span, false), span.replaceAll("_", " ")));
  return [
    element("p", "note", view.counts.join(" · ")),
    element("p", "spans", ...names, mask),
    element("pre", "tokens", ...runs),
  ];
}

const views = document.getElementById("views");
if (views) views.append(...data.views.map((view) => folded(view.harmful ? `${view.title}: may hold harmful text` : view.title, () => tokens(view))));
