// The chart of rate and supplies; colours come from the style sheet and follow its scheme.
let chart = null;
let shown = null;
let width = null;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const fixed = (digits) => (_, value) => (value == null ? "–" : value.toFixed(digits));

const LEAST_SECONDS = 60;
const WITH_SECONDS_UP_TO = 900;

// Labels with seconds are wider, and only a short chart has them.
export const labelPixels = (low, high) => (high - low <= WITH_SECONDS_UP_TO ? 60 : 44);

// Steps so near to each other that a narrow chart has room for two labels, where uPlot's own leave it one.
const MULTIPLES = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30];
const LONG_STEPS = [60, 3_600, 86_400].flatMap((unit) => MULTIPLES.map((n) => n * unit));
const TIME_STEPS = [1, 2, 3, 5, 8, 10, 15, 20, 30, 40, 90, ...LONG_STEPS].sort((a, b) => a - b);

// uPlot's own steps never end where a range is under a millionth of its values, as a rate's is.
export function steps(_, __, low, high) {
  if (!(high > low)) return [low];
  const least = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= least) ?? least;
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high && found.length < 12; n += 1) found.push(n * step);
  return found;
}

// As many decimals as tell one label from the next.
export function labels(values, least = 0) {
  const step = values.length > 1 ? values[1] - values[0] : 1;
  const digits = Math.min(9, Math.max(least, Math.ceil(-Math.log10(step) - 1e-6)));
  return values.map((value) => value.toFixed(digits));
}

export function clock(times, step) {
  return times.map((time) => {
    const text = new Date(time * 1e3).toISOString();
    return step >= 86_400 ? text.slice(5, 10) : text.slice(11, step % 60 ? 19 : 16);
  });
}

// A chart that has just begun still shows a minute, so that its labels have room.
export const timeRange = (low, high) => [Math.min(low, high - LEAST_SECONDS), high];

function rateRange(_, low, high) {
  const margin = Math.max((high - low) * 0.08, high * 1e-6, 1e-9);
  return [low - margin, high + margin];
}

function options(width, height) {
  const axis = {
    stroke: colour("--dim"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
    font: "12px system-ui, sans-serif",
  };
  return {
    width,
    height,
    tzDate: (time) => uPlot.tzDate(new Date(time * 1e3), "Etc/UTC"),
    cursor: { y: false },
    scales: { x: { time: true, range: (_, low, high) => timeRange(low, high) }, rate: { range: rateRange }, supply: { range: (_, low, high) => [0, high * 1.05 || 1] } },
    axes: [
      { ...axis, space: (_, __, low, high) => labelPixels(low, high), incrs: TIME_STEPS, values: (_, times, __, ___, step) => clock(times, step) },
      { ...axis, scale: "rate", size: 84, splits: steps, values: (_, values) => labels(values, 2) },
      { ...axis, scale: "supply", side: 1, size: width < 500 ? 48 : 60, grid: { show: false }, splits: steps, values: (_, values) => labels(values) },
    ],
    series: [
      { value: (_, time) => (time == null ? "–" : new Date(time * 1e3).toISOString().slice(0, 19).replace("T", " ")), label: "UTC" },
      { label: "1 wkETH in ETH", scale: "rate", stroke: colour("--accent"), width: 2, value: fixed(8), points: { show: false } },
      { label: "kETH supply", scale: "supply", stroke: colour("--part-V"), width: 1.5, value: fixed(4), points: { show: false } },
      { label: "wkETH supply", scale: "supply", stroke: colour("--part-Q"), width: 1.5, dash: [5, 3], value: fixed(4), points: { show: false } },
    ],
  };
}

const HEIGHT = 230;

function showNewest() {
  if (chart !== null && chart.cursor.idx == null) chart.setLegend({ idx: chart.data[0].length - 1 });
}

function draw(box, data) {
  chart?.destroy();
  box.replaceChildren();
  width = box.clientWidth;
  chart = new uPlot(options(width, HEIGHT), data, box);
  chart.over.addEventListener("mouseleave", () => setTimeout(showNewest));
}

export function drawChart(box, data) {
  if (box === null || typeof uPlot === "undefined") return;
  shown = data;
  if (chart !== null && box.contains(chart.root)) chart.setData(data);
  else draw(box, data);
  setTimeout(showNewest);
}

function again() {
  const box = document.getElementById("chart");
  if (box === null || shown === null) return;
  draw(box, shown);
  setTimeout(showNewest);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
addEventListener("resize", () => {
  const box = document.getElementById("chart");
  if (box !== null && width !== null && box.clientWidth !== width) again();
});
