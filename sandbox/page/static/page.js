// Follows the server (every second, answered 204 while nothing changed) and turns forms into calls of the control door.
"use strict";

const FOLLOW_MS = 1000;
let version = "";
let pending = null;

function ago(moment) {
  const seconds = Math.max(0, Math.round((Date.now() - new Date(moment)) / 1000));
  if (seconds < 60) return seconds < 5 ? "just now" : `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

function showTimes(root = document) {
  for (const each of root.querySelectorAll("time[datetime]")) {
    const text = ago(each.dateTime);
    if (each.textContent !== text) each.textContent = text;
    if (!each.title) each.title = new Date(each.dateTime).toISOString().replace("T", " ").slice(0, 19) + " UTC";
  }
}

// What a person opened, chose or focused stays as it is when its part of the page is drawn anew.
function keep(before, after) {
  const keyed = (root) => [...root.querySelectorAll("details")].map((each) =>
    [each, each.dataset.key || each.querySelector("summary")?.textContent.replace(/\d+/g, "") || ""]);
  const open = new Map(keyed(before).map(([each, key]) => [key, each.open]));
  for (const [each, key] of keyed(after)) if (open.has(key)) each.open = open.get(key);
  for (const each of before.querySelectorAll("[data-keep]")) {
    const twin = after.querySelector(`[data-keep="${each.dataset.keep}"]`);
    if (twin) twin.value = each.value;
  }
}

function draw(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const old of document.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`[data-live="${old.dataset.live}"]`);
    if (!next || next.innerHTML === old.served || old.querySelector("form[aria-busy=true]")) continue;
    const served = next.innerHTML;
    if (old.contains(document.activeElement) && document.activeElement.matches("select")) continue;
    keep(old, next);
    const adopted = document.importNode(next, true);
    adopted.served = served;
    old.replaceWith(adopted);
    adopted.classList.add("fresh");
  }
  showTimes();
}

async function follow() {
  const live = document.getElementById("live");
  try {
    const answer = await fetch(location.href, { headers: { "X-Page-Version": version }, cache: "no-store" });
    if (answer.status === 200) { version = answer.headers.get("X-Page-Version"); draw(await answer.text()); }
    live.classList.remove("lost");
    live.lastElementChild.textContent = "live";
  } catch {
    live.classList.add("lost");
    live.lastElementChild.textContent = "sandbox stopped";
  }
}

function loop() {
  clearTimeout(pending);
  pending = setTimeout(async () => { if (!document.hidden) await follow(); loop(); }, FOLLOW_MS);
}

function toast(text) {
  const box = document.getElementById("toast");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(box.timer);
  box.timer = setTimeout(() => { box.hidden = true; }, 8000);
}

// The text goes, what was chosen stays: who writes one comment mostly writes the next.
function clear(form) {
  const kept = [...form.querySelectorAll("[data-keep]")].map((each) => [each, each.value]);
  form.reset();
  for (const [each, value] of kept) each.value = value;
}

function fill(button) {
  const box = button.form.querySelector("textarea");
  box.value = button.dataset.fill;
  box.focus();
}

async function act(form, button) {
  const [method, path] = form.dataset.call.split(" ");
  const body = Object.fromEntries(new FormData(form));
  if (button.name) body[button.name] = button.value;
  form.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    const answer = await fetch(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const said = await answer.json();
    if (answer.ok) clear(form);
    else toast(`${said.error} ${said.remedy}`);
  } catch {
    toast("The sandbox did not answer. Is `make demo` still running?");
  } finally {
    form.removeAttribute("aria-busy");
    button.disabled = false;
  }
  await follow();
}

document.addEventListener("submit", (event) => {
  if (!event.target.dataset.call) return;
  event.preventDefault();
  act(event.target, event.submitter || event.target.querySelector("button[type=submit]"));
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill]");
  if (button) fill(button);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) event.target.form.requestSubmit();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) follow(); });
for (const each of document.querySelectorAll("[data-live]")) each.served = each.innerHTML;
showTimes();
setInterval(showTimes, 1000);
loop();
