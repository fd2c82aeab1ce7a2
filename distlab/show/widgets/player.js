// Plays a run: moves a cursor over a diagram that is drawn once, and says what is true there.
//
// The position is an event of the run. While it plays, the cursor glides at a constant pace
// over the paper and the events are those it has passed.

const SVG = "http://www.w3.org/2000/svg";
const PACE = 60; // pixels a second
const ICONS = {
  first: "M2 2h2v12H2zM14 2v12L5 8z",
  back: "M12 2v12L3 8z",
  play: "M4 2v12l9-6z",
  pause: "M3 2h4v12H3zM9 2h4v12H9z",
  next: "M4 2v12l9-6z M13 2h2v12h-2z",
  last: "M12 2h2v12h-2zM2 2v12l9-6z",
};

function made(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function icon(name) {
  return `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
}

function button(name, label, act) {
  const element = made("button", { type: "button", "aria-label": label, title: label });
  element.innerHTML = icon(name);
  element.addEventListener("click", act);
  return element;
}

// A time in microseconds to its pixel: straight between the corners of the scale.
function pixel(anchors, us) {
  let i = 1;
  while (i < anchors.length - 1 && anchors[i][0] <= us) i += 1;
  const [[us0, x0], [us1, x1]] = [anchors[i - 1], anchors[i]];
  return x0 + (x1 - x0) * Math.min(1, Math.max(0, (us - us0) / (us1 - us0)));
}

// One card for each node, and in it one line for each field of its state.
function cards(run) {
  const made_cards = new Map();
  for (const node of run.nodes) {
    const names = new Set((run.states[node] ?? []).flatMap(([, news]) => Object.keys(news)));
    const fields = new Map();
    const list = made("dl");
    for (const name of names) {
      const value = made("dd");
      fields.set(name, value);
      list.append(made("dt", {}, name), value);
    }
    const card = made("section", { class: "distlab-player-card" });
    card.append(made("h4", {}, node), list);
    made_cards.set(node, { card, fields });
  }
  return made_cards;
}

// The state of each node after each event: what it was, and which fields are new.
function stateAt(changes, place) {
  const state = {};
  let news = {};
  for (const [event, changed] of changes) {
    if (event > place) break;
    Object.assign(state, changed);
    news = event === place ? changed : {};
  }
  return [state, news];
}

function render({ model, el }) {
  const run = model.get("run");
  const events = run.events;
  const xs = events.map(([us]) => pixel(run.anchors, us));
  const end = xs.length - 1;
  let place = end; // the whole picture first
  let frame; // of the animation that plays

  // ------------------------------------------------------------------------ the picture
  const stage = made("div", {
    class: "distlab-player-stage",
    tabindex: "0",
    role: "group",
    "aria-label": "Space-time diagram. Arrow keys step, space plays, Home and End jump.",
  });
  stage.innerHTML = run.svg;
  const svg = stage.querySelector("svg");
  const [top, bottom] = [run.from[1], run.to[1]];
  const veil = document.createElementNS(SVG, "rect");
  const cursor = document.createElementNS(SVG, "line");
  veil.setAttribute("class", "dl-veil");
  cursor.setAttribute("class", "dl-cursor");
  for (const [key, value] of [["y", top - 4], ["height", bottom - top + 4]]) {
    veil.setAttribute(key, value);
  }
  cursor.setAttribute("y1", top - 4);
  cursor.setAttribute("y2", bottom);
  svg.append(veil, cursor);
  for (const line of svg.querySelectorAll("g.dl-step > line[class*=dl-m]")) {
    const reach = line.cloneNode();
    reach.setAttribute("class", "dl-reach");
    line.before(reach);
  }
  const groups = new Map(); // the shapes of each step
  for (const group of svg.querySelectorAll("g.dl-step")) {
    for (const step of group.dataset.step.split(" ")) {
      groups.set(+step, [...(groups.get(+step) ?? []), group]);
    }
  }

  // ----------------------------------------------------------------------- the controls
  const slider = made("input", { type: "range", min: 0, max: Math.max(end, 0), step: 1 });
  slider.setAttribute("aria-label", "event");
  const time = made("output", { class: "distlab-player-time" });
  const speed = made("select", { "aria-label": "speed", title: "speed" });
  for (const factor of [0.25, 0.5, 1, 2, 4]) {
    speed.append(new Option(`${factor} ×`, factor, factor === 1, factor === 1));
  }
  const play = button("play", "play", () => (frame ? stop() : start()));
  const bar = made(
    "div",
    { class: "distlab-player-bar" },
    button("first", "to the start", () => go(0)),
    button("back", "step back", () => go(place - 1)),
    play,
    button("next", "step", () => go(place + 1)),
    button("last", "to the end", () => go(end)),
    slider,
    time,
    speed,
  );

  // -------------------------------------------------------------------------- the words
  const now = made("div", { class: "distlab-player-now", "aria-live": "polite" });
  const under = made("section", { class: "distlab-player-card", "aria-label": "message" });
  const nodes = cards(run);
  const known = Object.keys(run.states).length > 0;
  const details = made("div", { class: "distlab-player-details" }, under);
  if (known) details.append(...[...nodes.values()].map(({ card }) => card));
  else details.append(made("p", {}, run.missing));

  const root = made("div", { class: "distlab-player" });
  root.append(bar, stage, now, details);
  el.append(root);
  // JupyterLab takes the arrow keys away from any element that does not say this itself
  for (const focusable of [stage, ...bar.children]) {
    focusable.setAttribute("data-lm-suppress-shortcuts", "true");
  }

  // --------------------------------------------------------------------- what is shown
  function tell(group) {
    const known_message = run.messages[group.dataset.step];
    const [kind, fields, way] = known_message ?? ["", [], ""];
    const list = made("dl");
    for (const [name, value] of fields) {
      list.append(made("dt", {}, name), made("dd", {}, value));
    }
    const title = kind || (group.querySelector("title")?.textContent ?? "");
    under.replaceChildren(made("h4", {}, title), list, way);
  }

  function show(x) {
    veil.setAttribute("x", x);
    veil.setAttribute("width", Math.max(0, run.to[0] - x - 1));
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
  }

  function describe() {
    for (const group of svg.querySelectorAll(".dl-now")) group.classList.remove("dl-now");
    if (place < 0) return;
    const [us, node, words, steps] = events[place];
    slider.value = place;
    const told = `${us / 1000} ms`;
    time.value = told;
    slider.setAttribute("aria-valuetext", `${told}, ${node || "network"}: ${words}`);
    now.textContent = `${told}  ${node || "network"}: ${words}`;
    const shown = steps.flatMap((step) => groups.get(step) ?? []);
    for (const group of shown) group.classList.add("dl-now");
    const message = shown.find((group) => group.dataset.step in run.messages);
    if (message) tell(message);
    for (const [name, { card, fields }] of nodes) {
      const [state, news] = stateAt(run.states[name] ?? [], place);
      card.classList.toggle("distlab-player-active", name === node);
      for (const [field, value] of fields) {
        const text = state[field] ?? "";
        if (value.textContent !== text) value.textContent = text;
        value.classList.toggle("distlab-player-new", field in news);
      }
    }
  }

  function go(to) {
    stop();
    place = Math.min(end, Math.max(0, to));
    describe();
    show(place < 0 ? run.from[0] : xs[place]);
  }

  // ---------------------------------------------------------------------------- playing
  function start() {
    if (end < 0) return;
    if (place >= end) go(0);
    play.innerHTML = icon("pause");
    play.setAttribute("aria-label", "pause");
    now.setAttribute("aria-live", "off"); // too fast to be read out
    const glides = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    let x = xs[place];
    let before = performance.now();
    const move = (then) => {
      x += (PACE * speed.value * (then - before)) / 1000;
      before = then;
      let reached = place;
      while (reached < end && xs[reached + 1] <= x) reached += 1;
      if (reached !== place) {
        place = reached;
        describe();
      }
      show(glides && place < end ? x : xs[place]);
      frame = place < end ? requestAnimationFrame(move) : undefined;
      if (!frame) stop();
    };
    frame = requestAnimationFrame(move);
  }

  function stop() {
    cancelAnimationFrame(frame);
    frame = undefined;
    play.innerHTML = icon("play");
    play.setAttribute("aria-label", "play");
    now.setAttribute("aria-live", "polite");
  }

  // -------------------------------------------------------------------- mouse and keys
  slider.addEventListener("input", () => go(+slider.value));
  const keys = {
    ArrowRight: () => go(place + 1),
    ArrowLeft: () => go(place - 1),
    Home: () => go(0),
    End: () => go(end),
    " ": () => (frame ? stop() : start()),
  };
  stage.addEventListener("keydown", (event) => {
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  stage.addEventListener("pointerover", (event) => {
    const group = event.target.closest("g.dl-step");
    for (const other of svg.querySelectorAll(".dl-under")) {
      other.classList.remove("dl-under");
    }
    if (group && group.dataset.step in run.messages) {
      group.classList.add("dl-under");
      tell(group);
    }
  });
  stage.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) * run.to[0]) / box.width;
    let nearest = 0;
    xs.forEach((at, i) => {
      if (Math.abs(at - x) < Math.abs(xs[nearest] - x)) nearest = i;
    });
    go(nearest);
  });

  go(end);
  return stop;
}

export default { render };
