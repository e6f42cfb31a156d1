// The figures of a digest that is going out, as they change. Without this script the
// page loads itself anew now and then.

const retryAfter = 30_000;
let spoken = "";
let silence;

function watch() {
  const address = document.getElementById("progress")?.dataset.live;
  if (!address) return;
  const events = new EventSource(address);
  events.addEventListener("look", (event) => show(event.data));
  events.addEventListener("over", () => {
    events.close();
    location.reload();
  });
  events.addEventListener("error", () => {
    if (events.readyState !== EventSource.CLOSED) return; // it asks again by itself
    stale(true);
    setTimeout(watch, retryAfter);
  });
}

// show puts new figures in place. What is said aloud stays, unless it is news.
function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("progress");
  const old = document.getElementById("progress");
  const line = document.getElementById("spoken");
  if (!fresh || !old || old.contains(document.activeElement)) return;
  const news = fresh.querySelector("#spoken")?.textContent ?? "";
  fresh.querySelector("#spoken")?.replaceWith(line);
  old.replaceWith(fresh);
  if (news !== spoken) line.textContent = spoken = news;
  clearTimeout(silence);
  silence = setTimeout(() => stale(true), 4 * retryAfter);
}

function stale(yes) {
  const notice = document.getElementById("stale");
  if (notice) notice.hidden = !yes;
}

watch();
