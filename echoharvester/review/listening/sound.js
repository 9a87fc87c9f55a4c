// ---- sound ----

const player = $("player");
const AROUND_SEC = 0.3, HEARD_SEC = 0.05, MOST_CACHED = 6;
const hop = 0.02; // two moments nearer than this are one
let cursor = 0; // seconds in the clip
let stopAt = Infinity; // where playing ends
let loop = null; // {from, to, word}: played again and again
let sought = false; // somebody has put the cursor there
let frame = 0;
let loaded = null; // the row whose sound the player has
const heard = new Map(); // key of a row -> which stretches of HEARD_SEC were played
const served = /^https?:$/.test(location.protocol);
const cached = new Map(); // clip -> a URL of its whole sound

// A page that is served by something that knows no byte ranges could not jump: such a clip is taken whole.
async function urlOf(row) {
  const address = row.clip.split("/").map(encodeURIComponent).join("/");
  if (!served) return address;
  if (!cached.has(address)) {
    cached.set(address, fetch(address).then((answer) => (answer.ok ? answer.blob() : Promise.reject(new Error(say("no_clip", row.clip))))).then((blob) => URL.createObjectURL(blob)));
    for (const old of [...cached.keys()].slice(0, -MOST_CACHED)) {
      cached.get(old).then(URL.revokeObjectURL, () => {});
      cached.delete(old);
    }
  }
  try {
    return await cached.get(address);
  } catch (error) {
    cached.delete(address);
    throw error;
  }
}

function loadSound(row) {
  player.pause();
  stopAt = Infinity;
  loop = null;
  sought = false;
  cursor = row.start_sec ?? 0;
  cancelAnimationFrame(frame);
  loaded = null;
  player.removeAttribute("src");
  player.load(); // else it goes on telling the time of the sound before
  if (!row.clip) return;
  if (!served) { loaded = row; player.src = row.clip.split("/").map(encodeURIComponent).join("/"); return; }
  urlOf(row).then((url) => { if (state.row === row && !loaded) { loaded = row; player.src = url; } }, () => {});
  const next = state.shown[state.at + 1];
  if (next?.clip) urlOf(next).catch(() => {});
}

function play(around = false) {
  const row = state.row;
  if (!row?.clip) return;
  if (!player.paused) { player.pause(); return; }
  const begin_sec = around ? 0 : row.start_sec, end_sec = around ? row.clip_sec : row.end_sec;
  const atEnd = cursor >= row.clip_sec - hop || (!sought && (cursor >= end_sec - hop || cursor < begin_sec));
  const from = around || atEnd ? begin_sec : cursor;
  const to = from < row.end_sec - hop && !around ? row.end_sec : row.clip_sec;
  loop = settings.loop ? { from: begin_sec, to, word: -1 } : null;
  start(from, settings.loop ? Infinity : to);
}

async function start(from, until) {
  const row = state.row;
  stopAt = until;
  sought = false;
  try {
    if (loaded !== row) {
      const url = await urlOf(row);
      if (state.row !== row) return;
      loaded = row;
      player.src = url;
    }
    if (player.readyState < 1) await metadata(row);
    if (state.row !== row) return;
    player.playbackRate = Number($("speed").value);
    player.currentTime = cursor = from;
    await player.play();
  } catch (error) {
    if (error.name !== "AbortError" && state.row === row) $("problem").textContent = error.message;
  }
}

function metadata(row) {
  return new Promise((done, failed) => {
    player.addEventListener("loadedmetadata", done, { once: true });
    player.addEventListener("error", () => failed(new Error(say("no_clip", row.clip))), { once: true });
    player.load();
  });
}

function playWord(k) {
  const row = state.row, [, from, to] = row.words[k];
  player.pause();
  loop = { word: k, from: Math.max(0, row.start_sec + from - AROUND_SEC), to: Math.min(row.clip_sec, row.start_sec + to + AROUND_SEC) };
  start(loop.from, Infinity);
}

function playNextDoubtful() {
  const row = state.row, doubtful = (row?.words ?? []).map((word, k) => k).filter((k) => row.words[k][4]);
  if (!doubtful.length || !row.clip) return;
  playWord(doubtful.find((k) => loop && k > loop.word) ?? doubtful[0]);
}

function seek(second) {
  loop = null;
  cursor = Math.min(Math.max(second, 0), state.row?.clip_sec ?? 0);
  sought = true;
  if (player.readyState >= 1) player.currentTime = cursor;
  stopAt = cursor < (state.row?.end_sec ?? 0) ? (player.paused ? Infinity : state.row.end_sec) : Infinity;
  drawWave();
}

function follow() {
  const before = cursor, row = state.row;
  if (loaded !== row) return;
  if (player.readyState >= 1) cursor = player.currentTime;
  noteHeard(row, before, cursor);
  if (loop && cursor >= loop.to) player.currentTime = cursor = loop.from;
  if (cursor >= stopAt) { player.pause(); cursor = stopAt; stopAt = Infinity; }
  drawWave();
  if (!player.paused) frame = requestAnimationFrame(follow);
}

// Proof of listening: which part of a cut was played.
function noteHeard(row, from, to) {
  if (!row || to <= from || to - from > 1) return; // a jump
  if (!heard.has(row.key)) heard.set(row.key, new Set());
  const first = Math.max(0, Math.floor((from - row.start_sec) / HEARD_SEC));
  const last = Math.min(Math.ceil((row.end_sec - row.start_sec) / HEARD_SEC), Math.ceil((to - row.start_sec) / HEARD_SEC));
  for (let k = first; k < last; k++) heard.get(row.key).add(k);
}

// Share of the cut that was played, here or before by the same reviewer, 0 to 1.
function heardShare(row) {
  const own = edits.get(row.key)?.listened ?? ((row.reviewer ?? "") === $("reviewer").value.trim() ? row.listened : 0);
  const all = Math.ceil(((row.end_sec ?? 0) - (row.start_sec ?? 0)) / HEARD_SEC) || 1;
  return Math.max(Math.min(1, (heard.get(row.key)?.size ?? 0) / all), Number(own) || 0);
}

function drawPlaying() {
  $("play").textContent = say(player.paused ? "play" : "pause");
}

player.addEventListener("play", () => { drawPlaying(); cancelAnimationFrame(frame); frame = requestAnimationFrame(follow); });
player.addEventListener("pause", drawPlaying);
player.addEventListener("emptied", drawPlaying);
player.addEventListener("ended", () => { if (loop) start(loop.from, Infinity); else { cursor = state.row?.clip_sec ?? 0; drawPlaying(); drawWave(); } });

// ---- its picture ----

const peaksOf = (row) => Uint8Array.from(atob(row.peaks ?? ""), (c) => c.charCodeAt(0));
const picture = new Image();
picture.onload = () => drawWave();
let colours = {};

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["back", "inside", "wave", "outside", "now"]) colours[name] = style.getPropertyValue("--" + name).trim();
}

// What part of the clip is in sight: all of it, or a stretch about the cursor.
function sight(row) {
  const width = (row.clip_sec || 1) / settings.zoom;
  const from = Math.min(Math.max(0, cursor - width / 2), (row.clip_sec || 1) - width);
  return { from, width };
}

function drawWave() {
  const row = state.row, canvas = $("wave");
  if (!row) return;
  const scale = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d"), part = sight(row), x = (second) => (width * (second - part.from)) / part.width;
  pen.scale(scale, scale);
  pen.fillStyle = colours.back;
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = colours.inside;
  pen.fillRect(x(row.start_sec), 0, x(row.end_sec) - x(row.start_sec), height);
  if (settings.spectrogram && picture.complete && picture.naturalWidth) {
    const share = picture.naturalWidth / (row.clip_sec || 1);
    pen.filter = matchMedia("(prefers-color-scheme: dark)").matches ? "invert(1)" : "none";
    pen.drawImage(picture, part.from * share, 0, part.width * share, picture.naturalHeight, 0, 0, width, height);
    pen.filter = "none";
    pen.fillStyle = colours.now;
    for (const edge of [row.start_sec, row.end_sec]) pen.fillRect(x(edge), 0, 1, height);
  } else {
    const peaks = peaksOf(row), step = ((row.clip_sec || 1) / (peaks.length || 1) / part.width) * width;
    peaks.forEach((peak, i) => {
      const second = ((i + 0.5) / peaks.length) * row.clip_sec, tall = Math.max(1, (peak / 255) * (height - 8));
      pen.fillStyle = second >= row.start_sec && second <= row.end_sec ? colours.wave : colours.outside;
      pen.fillRect(x(second) - step / 2, (height - tall) / 2, Math.max(1, step * 0.7), tall);
    });
  }
  pen.fillStyle = colours.now;
  pen.fillRect(x(cursor) - 1, 0, 2, height);
  lightWord();
  $("time").textContent = `${cursor.toFixed(2)} / ${(row.clip_sec ?? 0).toFixed(2)} s, ${say("heard_share", Math.round(100 * heardShare(row)))}`;
  canvas.setAttribute("aria-valuemin", "0");
  canvas.setAttribute("aria-valuemax", String(row.clip_sec ?? 0));
  canvas.setAttribute("aria-valuenow", cursor.toFixed(2));
}

function zoom(factor) {
  settings.zoom = Math.min(16, Math.max(1, settings.zoom * factor));
  keepSettings();
  drawWave();
}

function toggle(name) {
  settings[name] = !settings[name];
  if (name === "loop" && !settings.loop) loop = null;
  if (name === "loop" && settings.loop && !player.paused) { player.pause(); play(); }
  keepSettings();
  drawToggles();
  drawWave();
}

function drawToggles() {
  for (const name of ["loop", "spectrogram"]) $(name).setAttribute("aria-pressed", String(settings[name]));
  $("turn").setAttribute("aria-pressed", String(settings.backwards));
}
