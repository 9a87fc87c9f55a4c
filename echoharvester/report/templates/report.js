"use strict";
// Tables that sort, the threshold bench, and decoded utterances as points that play.
const make = (tag, fields = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), fields);
  element.append(...children);
  return element;
};
const drawing = (tag, fields = {}) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(fields)) element.setAttribute(name, value);
  return element;
};
const many = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
const dataOf = (id) => JSON.parse(document.getElementById(id)?.textContent || "null");

// ---- tables: a click on a head sorts by its column, another the other way round ----

function numeric(text) {
  const number = parseFloat(text.replace(/[%,]/g, ""));
  return Number.isNaN(number) ? null : number;
}

for (const table of document.querySelectorAll("table.sorts")) {
  const heads = [...table.querySelectorAll("th")];
  heads.forEach((head, column) => {
    if (["", "sound"].includes(head.textContent)) return;
    const button = make("button", { type: "button", textContent: head.textContent });
    head.replaceChildren(button);
    button.onclick = () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.querySelectorAll("tr")].slice(1), text = (row) => row.cells[column].textContent;
      rows.sort((a, b) => {
        const [x, y] = [numeric(text(a)), numeric(text(b))];
        if ((text(a) === "") !== (text(b) === "")) return text(a) === "" ? 1 : -1; // what is not known comes last
        const order = x !== null && y !== null ? x - y : text(a).localeCompare(text(b), "ko");
        return down ? -order : order;
      });
      table.querySelector("tbody").append(...rows);
    };
  });
}

// ---- one utterance, to hear and to read ----

document.addEventListener("play", (event) => { for (const other of document.querySelectorAll("audio")) if (other !== event.target) other.pause(); }, true);

function difference(reference, heard) {
  const a = Array.from(reference), b = Array.from(heard), cost = a.map(() => []).concat([[]]);
  for (let i = a.length; i >= 0; i--)
    for (let j = b.length; j >= 0; j--)
      cost[i][j] = i === a.length ? b.length - j : j === b.length ? a.length - i : a[i] === b[j] ? cost[i + 1][j + 1] : 1 + Math.min(cost[i + 1][j + 1], cost[i + 1][j], cost[i][j + 1]);
  const parts = [];
  const put = (tag, char) => {
    if (parts.at(-1)?.tag !== tag) parts.push({ tag, text: "" });
    parts.at(-1).text += char;
  };
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) { put("", a[i]); i++; j++; }
    else if (i < a.length && j < b.length && cost[i][j] === 1 + cost[i + 1][j + 1]) { put("del", a[i++]); put("ins", b[j++]); }
    else if (i < a.length && cost[i][j] === 1 + cost[i + 1][j]) put("del", a[i++]);
    else put("ins", b[j++]);
  }
  const whole = make("span", { lang: "ko" });
  for (const { tag, text } of parts) whole.append(tag ? make(tag, { textContent: text }) : text);
  return whole;
}

for (const cell of document.querySelectorAll("[data-reference]")) cell.replaceChildren(difference(cell.dataset.reference, cell.dataset.heard));

function heardOne(one, figures) {
  const card = make("li");
  if (one.sound) card.append(make("audio", { controls: true, preload: "none", src: one.sound }));
  card.append(make("p", {}, difference(one.text, one.heard)), make("p", { className: "soft", textContent: figures }));
  return card;
}

// ---- the threshold bench ----

const bench = dataOf("bench-data");

// Whether thresholds let an utterance pass; null: no recogniser has heard it.
function benchPasses(point, limits) {
  const [, cer, probability, snr, align, kind, fixed] = point;
  if (limits.snr_db !== null && snr !== null && snr < limits.snr_db) return false;
  if (limits.align_score !== null && align !== null && align < limits.align_score) return false;
  if (fixed === "unheard") return null;
  if (limits.label_probability !== null && probability !== null) return probability >= limits.label_probability;
  const limit = kind ? limits.cer_other : limits.cer_manual;
  return limit === null || cer === null ? fixed === "kept" : cer <= limit;
}

// What reviewers approved stays, and what they dropped goes, whatever passes.
const benchKeeps = (point, passes) => (point[6] === "always" ? true : point[6] === "never" ? false : passes);

// Share of wrong ones, and bounds of it (Wilson 1927).
function shareOf(wrong, all) {
  const z = 1.96, p = wrong / all, middle = (p + (z * z) / (2 * all)) / (1 + (z * z) / all);
  const half = (z / (1 + (z * z) / all)) * Math.sqrt((p * (1 - p)) / all + (z * z) / (4 * all * all));
  return [p, Math.max(0, middle - half), Math.min(1, middle + half)];
}

function drawBench() {
  const place = document.getElementById("bench");
  const names = { label_probability: "label probability, at least", cer_manual: "CER, captions by people, at most", cer_other: "CER, other captions, at most", snr_db: "SNR in dB, at least", align_score: "confidence, at least" };
  const settings = { label_probability: "validate.min_probability", cer_manual: "validate.max_cer_manual", cer_other: "validate.max_cer_other", snr_db: "filter.min_snr_db", align_score: "filter.min_align_score" };
  const titles = { cer: "CER", label_probability: "label probability", snr_db: "SNR, dB", align_score: "confidence" };
  const column = { cer: 1, label_probability: 2, snr_db: 3, align_score: 4 };
  const limits = { ...bench.limits }, sliders = make("div", { className: "sliders" }), bars = make("div", { className: "bars" });
  const summary = make("p", { id: "bench-summary" }), command = make("code", { id: "bench-command" });
  summary.setAttribute("role", "status");
  const sounds = make("ul", { className: "heard", id: "bench-clips" });
  const copy = make("button", { type: "button", textContent: "Copy" });
  copy.onclick = () => navigator.clipboard?.writeText(command.textContent).then(() => { copy.textContent = "Copied"; }, () => {});
  // A CER decides only where there is no probability.
  const byCer = (kind) => bench.points.some((point) => point[1] !== null && point[5] === kind && (bench.limits.label_probability === null || point[2] === null));
  for (const [name, value] of Object.entries(bench.limits)) {
    if (value === null || (name === "cer_manual" && !byCer(0)) || (name === "cer_other" && !byCer(1))) continue;
    const [low, high, digits] = name === "snr_db" ? [0, 40, 1] : name === "label_probability" ? [0, 1, 3] : [0, 1, 2];
    const output = make("output", { textContent: value });
    const slider = make("input", { type: "range", min: low, max: high, step: "any", value, id: "bench-" + name });
    slider.oninput = () => { limits[name] = Number(Number(slider.value).toFixed(digits)); output.textContent = limits[name]; update(); };
    sliders.append(make("label", {}, make("span", { textContent: names[name] }), slider, output));
  }
  const back = make("button", { type: "button", textContent: "As it was run" });
  back.onclick = () => {
    Object.assign(limits, bench.limits);
    for (const slider of sliders.querySelectorAll("input")) {
      slider.value = limits[slider.id.slice(6)];
      slider.nextElementSibling.textContent = limits[slider.id.slice(6)];
    }
    update();
  };
  place.append(sliders, summary, make("p", {}, command, " ", copy, " ", back), bars, sounds);

  function update() {
    let kept = 0, all = 0, count = 0, unheard = 0, expected = 0, known = 0, wrong = 0, judged = 0;
    const passes = bench.points.map((point) => benchPasses(point, limits)), keeps = bench.points.map((point, i) => benchKeeps(point, passes[i]));
    bench.points.forEach((point, i) => {
      all += point[0];
      if (keeps[i] === null) unheard += point[0];
      if (passes[i] && bench.right[i] !== null && bench.right[i] !== undefined) { judged++; wrong += !bench.right[i]; }
      if (!keeps[i]) return;
      kept += point[0];
      count++;
      if (point[2] !== null) { expected += 1 - point[2]; known++; }
    });
    const hours = (seconds) => ((seconds * bench.scale) / 3600 < 2 ? `${((seconds * bench.scale) / 60).toFixed(1)} min` : `${((seconds * bench.scale) / 3600).toFixed(2)} h`), percent = (share) => (100 * share).toFixed(1);
    const said = [`${hours(kept)} of ${hours(all)} kept (${many(Math.round(count * bench.scale), "utterance")})`];
    if (known) said.push(`expected label error ${percent(expected / known)} % by the evidence`);
    if (judged) { const [p, low, high] = shareOf(wrong, judged); said.push(`${percent(p)} % (${percent(low)} to ${percent(high)}) wrong of the ${judged} that can be compared with ${bench.judge || "a judgement"}`); }
    if (!known && !judged) said.push("label error unknown: nothing of it was judged, and there is no evidence");
    if (unheard > 0) said.push(`${hours(unheard)} more would be let through to the recogniser, which has not heard them`);
    summary.textContent = said.join("; ") + ".";
    const changed = Object.keys(bench.limits).filter((name) => limits[name] !== bench.limits[name]).map((name) => `${settings[name]}=${limits[name]}`);
    command.textContent = [bench.command, ...changed].join(" ");
    copy.textContent = "Copy";
    bars.replaceChildren(...bench.measures.filter((name) => bench.points.some((point) => point[column[name]] !== null)).map((name) => drawBars(name, keeps)));
  }

  function drawBars(name, keeps) {
    const edges = bench.edges[name], counts = Array.from({ length: edges.length + 1 }, () => [0, 0]);
    bench.points.forEach((point, i) => {
      const value = point[column[name]];
      if (value === null) return;
      const found = edges.findIndex((edge) => value <= edge);
      counts[found < 0 ? edges.length : found][keeps[i] ? 0 : 1] += point[0];
    });
    const most = Math.max(...counts.map(([kept, other]) => kept + other), 1e-9);
    const group = make("div", { className: "chart" });
    counts.forEach(([kept, other], k) => {
      const label = k < edges.length ? `≤ ${edges[k]}` : `> ${edges.at(-1)}`;
      const bar = make("button", { type: "button", title: `${titles[name]} ${label}: ${((kept * bench.scale) / 60).toFixed(1)} min kept, ${((other * bench.scale) / 60).toFixed(1)} not` });
      bar.setAttribute("aria-label", bar.title);
      bar.append(make("span", { className: "not", style: `height:${(100 * other) / most}%` }), make("span", { className: "kept", style: `height:${(100 * kept) / most}%` }));
      bar.onclick = () => hear(name, k, `${titles[name]} ${label}`);
      group.append(make("div", {}, bar, make("small", { textContent: k < edges.length ? edges[k] : `> ${edges.at(-1)}` })));
    });
    return make("figure", {}, group, make("figcaption", { textContent: titles[name] }));
  }

  function hear(name, k, title) {
    const ids = bench.bars[name]?.[k] ?? [];
    sounds.replaceChildren(make("li", { textContent: ids.length ? title : `${title}: nothing to hear` }), ...ids.map((id) => {
      const one = bench.clips[id], figures = Object.entries(one.figures).filter(([, value]) => value !== null).map(([key, value]) => `${titles[key]} ${Number(value).toFixed(3)}`);
      return heardOne(one, figures.join(" · "));
    }));
    sounds.querySelector("audio")?.play().catch(() => {});
  }
  update();
}
if (bench) drawBench();

// ---- decoded utterances ----

for (const place of document.querySelectorAll("[data-points]")) {
  const of_set = dataOf(place.dataset.points), known = new Map(of_set.rows.map((row) => [row.id, row]));
  const sounds = make("ul", { className: "heard" });
  for (const [column, label, unit] of [[1, "duration", "s"], [2, "SNR", "dB"]]) {
    const points = of_set.points.filter((point) => point[column] !== null && point[column] !== undefined);
    if (points.length < 2) continue;
    const [low, high] = [Math.min(...points.map((p) => p[column])), Math.max(...points.map((p) => p[column]))], top = Math.max(0.05, ...points.map((p) => Math.min(p[0], 1)));
    const chart = drawing("svg", { viewBox: "0 0 340 200", role: "group", "aria-label": `CER against ${label}` });
    for (const [x, y, text, anchor] of [[30, 195, low.toFixed(0), "start"], [335, 195, `${high.toFixed(0)} ${unit}`, "end"], [182, 195, label, "middle"], [28, 12, `${(100 * top).toFixed(0)} %`, "end"], [28, 182, "0", "end"]]) {
      const words = drawing("text", { x, y, "text-anchor": anchor });
      words.textContent = text;
      chart.append(words);
    }
    chart.append(drawing("path", { d: "M30 5 V180 H335", class: "axis" }));
    for (const point of points) {
      const row = known.get(point[3]), plays = Boolean(row?.sound);
      const dot = drawing("circle", { cx: 32 + (300 * (point[column] - low)) / (high - low || 1), cy: 178 - (170 * Math.min(point[0], 1)) / top, r: plays ? 4.5 : 2, class: plays ? "plays" : "" });
      if (plays) {
        const name = `${(100 * row.cer).toFixed(1)} %, ${point[column]} ${unit}: ${row.text}`;
        dot.setAttribute("tabindex", "0");
        dot.setAttribute("role", "button");
        dot.setAttribute("aria-label", name);
        const play = () => { sounds.replaceChildren(heardOne(row, name)); sounds.querySelector("audio").play().catch(() => {}); };
        dot.onclick = play;
        dot.onkeydown = (event) => { if (["Enter", " "].includes(event.key)) { event.preventDefault(); play(); } };
      }
      chart.append(dot);
    }
    place.append(make("figure", {}, chart, make("figcaption", { textContent: `CER against ${label}; large points play` })));
  }
  place.append(sounds);
}
