// Keeps the counts beside the fields of the console's forms up to date while
// somebody types. Without it they show what the page was made with.
function count(field) {
  const line = document.querySelector(`[data-count-of="${field.id}"]`);
  if (!line) return;
  const length = [...field.value.trim()].length;
  line.querySelector(".now").textContent = length;
  line.classList.toggle("over", length > Number(line.dataset.limit));
}

document.addEventListener("input", (event) => count(event.target));
