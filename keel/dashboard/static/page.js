// Keeps the page up to date: asks for the version every second, replaces what changed.
import { drawChart } from "./chart.js";
import { startActions } from "./actions.js";

const POLL_MS = 1000;
const OLD_SECONDS = 15;
const view = document.getElementById("view");
const freshness = document.getElementById("freshness");
const voice = document.getElementById("voice");
const offline = document.getElementById("offline");
let version = view.dataset.version;
let age = Number(freshness.dataset.age);
let lost = null;
let heard = new Set();

function showFreshness() {
  freshness.textContent = `read ${age} s ago`;
  const away = lost === null ? 0 : Math.round((Date.now() - lost) / 1000);
  const isOld = age >= OLD_SECONDS || away >= 3;
  document.body.classList.toggle("is-old", isOld);
  offline.hidden = !isOld;
  const text = away >= 3
    ? `The page's server has not answered for ${away} s; the numbers are older than that.`
    : `The execution node has not answered for ${age} s; the numbers are older than that.`;
  if (isOld) offline.textContent = text;
}

// Parts that did not change stay as they are, so that focus, selection and scrolling do too.
function replaceParts(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const fresh = [...parsed.body.children];
  const known = new Map([...view.children].map((part) => [part.dataset.part, part]));
  fresh.forEach((part, place) => {
    const old = known.get(part.dataset.part);
    known.delete(part.dataset.part);
    const source = part.outerHTML;
    if (old !== undefined && old.keelSource === source) return;
    part.keelSource = source;
    if (old === undefined) {
      view.insertBefore(part, view.children[place] ?? null);
      return;
    }
    keepInside(old, part);
    old.replaceWith(part);
  });
  for (const gone of known.values()) gone.remove();
}

// Only alarms that are new are read out; their durations change with every block.
function readOut() {
  const alarms = [...view.querySelectorAll("[data-alarm]")];
  const fresh = alarms.filter((alarm) => !heard.has(alarm.dataset.alarm));
  heard = new Set(alarms.map((alarm) => alarm.dataset.alarm));
  if (fresh.length > 0) {
    voice.textContent = fresh.map((alarm) => alarm.querySelector("strong").textContent).join(". ");
  }
}

function keepInside(old, part) {
  for (const kept of old.querySelectorAll("[data-keep]")) {
    const place = part.querySelector(`#${kept.id}`);
    if (place !== null) place.replaceWith(kept);
  }
  for (const details of old.querySelectorAll("details[open][id]")) {
    part.querySelector(`#${details.id}`)?.setAttribute("open", "");
  }
  const scrolled = [...old.querySelectorAll(".scroll")].map((box) => [box.scrollLeft, box.scrollTop]);
  requestAnimationFrame(() => {
    part.querySelectorAll(".scroll").forEach((box, number) => {
      if (scrolled[number]) [box.scrollLeft, box.scrollTop] = scrolled[number];
    });
  });
}

// Only a page whose deployment names a market has its chart.
async function loadMarket() {
  const box = document.getElementById("market-chart");
  if (box === null) return;
  const columns = await fetch("/series/market");
  if (!columns.ok) throw new Error("the page's server refuses");
  const found = await columns.json();
  if (found.length > 0) drawChart(box, found);
}

async function load() {
  const [fragment, points] = await Promise.all([fetch("/view"), fetch("/series")]);
  if (!fragment.ok || !points.ok) throw new Error("the page's server refuses");
  replaceParts(await fragment.text());
  readOut();
  drawChart(document.getElementById("chart"), await points.json());
  await loadMarket();
  document.dispatchEvent(new Event("keel:changed"));
}

async function poll() {
  try {
    const answer = await fetch("/updates");
    if (!answer.ok) throw new Error("the page's server refuses");
    const found = await answer.json();
    age = found.age;
    if (found.version !== version) {
      await load();
      version = found.version;
      view.dataset.version = version;
    }
    lost = null;
  } catch {
    lost ??= Date.now();
  }
  showFreshness();
  setTimeout(poll, POLL_MS);
}

// On a phone the way to the form floats over the page, but not over the form itself.
function hideWayToForm(seen) {
  document.querySelector(".jump").classList.toggle("is-there", seen.at(-1).isIntersecting);
}

startActions();
new IntersectionObserver(hideWayToForm).observe(document.getElementById("actions"));
load().catch(() => { lost = Date.now(); }).finally(poll);
