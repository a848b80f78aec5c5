// The page's charts; colours come from the style sheet and follow its scheme.
const drawn = new Map(); // of each box by its id: the chart, its data, and the width that it has

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

function axes(width) {
  const axis = {
    stroke: colour("--dim"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
    font: "12px system-ui, sans-serif",
  };
  return [
    { ...axis, space: (_, __, low, high) => labelPixels(low, high), incrs: TIME_STEPS, values: (_, times, __, ___, step) => clock(times, step) },
    { ...axis, scale: "rate", size: 84, splits: steps, values: (_, values) => labels(values, 2) },
    { ...axis, scale: "supply", side: 1, size: width < 500 ? 48 : 60, grid: { show: false }, splits: steps, values: (_, values) => labels(values) },
  ];
}

function line(label, name, more = {}) {
  return { label, scale: "rate", stroke: colour(name), width: 1.5, value: fixed(8), points: { show: false }, ...more };
}

const supply = { scale: "supply", value: fixed(4) };

// What is beside the rate, by the box: supplies on an axis of their own, or prices on the same.
const BESIDE = {
  chart: () => [line("kETH supply", "--part-V", supply), line("wkETH supply", "--part-Q", { ...supply, dash: [5, 3] })],
  "market-chart": () => [line("Uniswap v3", "--part-Q"), line("StablePool", "--part-V", { dash: [5, 3] })],
};

function options(id, width) {
  const beside = BESIDE[id]();
  const hasSupplies = beside.some((each) => each.scale === "supply");
  const scales = { x: { time: true, range: (_, low, high) => timeRange(low, high) }, rate: { range: rateRange } };
  if (hasSupplies) scales.supply = { range: (_, low, high) => [0, high * 1.05 || 1] };
  return {
    width,
    height: HEIGHT,
    tzDate: (time) => uPlot.tzDate(new Date(time * 1e3), "Etc/UTC"),
    cursor: { y: false },
    scales,
    axes: axes(width).slice(0, hasSupplies ? 3 : 2),
    series: [
      { value: (_, time) => (time == null ? "–" : new Date(time * 1e3).toISOString().slice(0, 19).replace("T", " ")), label: "UTC" },
      line(hasSupplies ? "1 wkETH in ETH" : "rate", "--accent", { width: 2 }),
      ...beside,
    ],
  };
}

const HEIGHT = 230;

function showNewest(chart) {
  if (chart.cursor.idx == null) chart.setLegend({ idx: chart.data[0].length - 1 });
}

function draw(box, data) {
  drawn.get(box.id)?.chart.destroy();
  box.replaceChildren();
  const width = box.clientWidth;
  const chart = new uPlot(options(box.id, width), data, box);
  chart.over.addEventListener("mouseleave", () => setTimeout(() => showNewest(chart)));
  drawn.set(box.id, { chart, data, width });
  setTimeout(() => showNewest(chart));
}

export function drawChart(box, data) {
  if (box === null || typeof uPlot === "undefined") return;
  const known = drawn.get(box.id);
  if (known === undefined || !box.contains(known.chart.root)) {
    draw(box, data);
    return;
  }
  known.data = data;
  known.chart.setData(data);
  setTimeout(() => showNewest(known.chart));
}

function again(isStale) {
  for (const [id, known] of drawn) {
    const box = document.getElementById(id);
    if (box !== null && isStale(box, known)) draw(box, known.data);
  }
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => again(() => true));
addEventListener("resize", () => again((box, known) => box.clientWidth !== known.width));
