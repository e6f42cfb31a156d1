// Small comforts of the console. Every page works without them.

// Counts beside fields follow the typing.
function count(field) {
  const line = document.querySelector(`[data-count-of="${field.id}"]`);
  if (!line) return;
  const length = [...field.value.trim()].length;
  line.querySelector(".now").textContent = length;
  line.classList.toggle("over", length > Number(line.dataset.limit));
}

document.addEventListener("input", (event) => count(event.target));

// When htmx puts a new line-up in place, what was unfolded stays unfolded, and
// the keyboard stays with the story it was on.
let unfolded = [];
let focused = "";

document.addEventListener("htmx:beforeSwap", () => {
  unfolded = [...document.querySelectorAll("details[id][open]")].map((details) => details.id);
  focused = document.activeElement.id;
});

document.addEventListener("htmx:afterSettle", () => {
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  if (focused && document.activeElement === document.body) refocus(document.getElementById(focused));
});

function refocus(button) {
  const folded = button?.closest("details:not([open])");
  if (folded) return folded.querySelector("summary").focus();
  if (button?.disabled) return button.parentElement.querySelector("button:not(:disabled)").focus();
  button?.focus();
}
