"use strict";
// Text reaches the page as text nodes only: nothing in the data is ever parsed as HTML.
const data = JSON.parse(document.getElementById("page-data").textContent);

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null));
  return made;
}

// What is folded is not in the page before it is opened for the first time.
function folded(summary, fill, open = false) {
  const details = element("details", "fold", element("summary", "", summary));
  const unfold = () => details.open && details.children.length === 1 && details.append(...fill());
  details.addEventListener("toggle", unfold);
  details.open = open;
  unfold();
  return details;
}

function counted(label, value) {
  return element("span", "count", `${label} `, element("b", "", value));
}
