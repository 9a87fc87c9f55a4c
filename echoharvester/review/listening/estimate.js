// ---- the label error of the accepted, from the rows of the random sample; as the data card has it ----

const LEVEL = 0.95, GOALS = [0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01];

function logGamma(x) {
  // Lanczos (1964), with the coefficients of Godfrey for g = 7.
  const c = [0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7];
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const y = x - 1, t = y + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(c.slice(1).reduce((sum, value, k) => sum + value / (y + k + 1), c[0]));
}

// The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun 26.5.8).
function betaBelow(x, a, b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaBelow(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  let f = 1, c = 1, d = 0;
  for (let i = 0; i < 400; i++) {
    const m = Math.floor(i / 2);
    const term = i === 0 ? 1 : i % 2 ? (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)) : (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + term * d || 1e-30);
    c = 1 + term / c || 1e-30;
    f *= c * d;
    if (Math.abs(1 - c * d) < 1e-12) break;
  }
  return front * (f - 1);
}

function betaQuantile(p, a, b) {
  let low = 0, high = 1;
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (betaBelow(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

// Bounds of a rate by Clopper and Pearson (1934).
function bounds(errors, size) {
  const tail = (1 - LEVEL) / 2;
  return [errors > 0 ? betaQuantile(tail, errors, size - errors + 1) : 0, errors < size ? betaQuantile(1 - tail, errors + 1, size - errors) : 1];
}

const letters = (text) => comparable(text).join("");

function labelError() {
  const strata = new Map(), sampled = data.rows.filter((row) => row.population);
  for (const row of sampled) {
    const decision = valueOf(row, "decision");
    if (!decision) continue;
    if (!strata.has(row.stratum)) strata.set(row.stratum, { population: row.population, wrong: [] });
    strata.get(row.stratum).wrong.push(decision === "drop" || letters(valueOf(row, "text")) !== letters(row.original));
  }
  const found = [...strata.values()], decided = found.reduce((sum, s) => sum + s.wrong.length, 0);
  if (!decided) return { sampled: sampled.length, decided };
  const total = found.reduce((sum, s) => sum + s.population, 0);
  const count = (outcomes) => outcomes.filter(Boolean).length;
  const pooled = found.reduce((sum, s) => sum + count(s.wrong), 0) / decided;
  let rate = 0, variance = 0, weights = 0, squares = 0;
  for (const { population, wrong } of found) {
    const n = wrong.length, share = population / total, p = count(wrong) / n;
    rate += share * p;
    variance += share ** 2 * (1 - n / population) * (n > 1 ? (p * (1 - p) * n) / (n - 1) : pooled * (1 - pooled)) / n;
    weights += population;
    squares += population ** 2 / n;
  }
  if (decided === total) return { sampled: sampled.length, decided, rate, low: rate, high: rate };
  let size = ((weights ** 2 / squares) * (total - 1)) / (total - decided);
  if (variance > 0) size = Math.min(size, (rate * (1 - rate)) / variance);
  const [low, high] = bounds(rate * size, size);
  return { sampled: sampled.length, decided, rate, low, high, size };
}

function drawEstimate() {
  const found = labelError(), left = found.sampled - found.decided;
  const percent = (share) => (100 * share).toFixed(share < 0.1 && share > 0 ? 1 : 0);
  let text = "";
  if (found.sampled && !found.decided) text = say("no_estimate");
  else if (found.decided) {
    text = say("estimate", percent(found.rate), percent(found.low), percent(found.high)) + "; ";
    const half = (rows) => {
      const size = (found.size * (found.decided + rows)) / found.decided, [low, high] = bounds(found.rate * size, size);
      return (high - low) / 2;
    };
    if (!left || !found.size) text += say("enough");
    else {
      const goal = GOALS.find((value) => value < half(0) && value >= half(left)) ?? half(left);
      let few = 1, many = left;
      while (few < many) {
        const middle = Math.floor((few + many) / 2);
        if (half(middle) <= goal) many = middle;
        else few = middle + 1;
      }
      text += say("more_rows", few, percent(goal) + " %");
    }
  }
  const unheard = data.rows.filter((row) => row.population && isUnheard(row)).length;
  if (unheard) text += `; ${say("unheard_count", unheard)}`;
  $("estimate").textContent = text && data.files.length > 1 ? `${text} (${say("this_file")})` : text;
}
