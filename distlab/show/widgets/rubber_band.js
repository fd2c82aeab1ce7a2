// Pulls a run about: events are dragged within causality, a cut is moved and made straight.
//
// The drawing is made once; here its groups are moved. What may move where is the same as in
// rubber.py: an event pushes its future before it and its past behind it.

const NEAR = 14; // pixels from the last event in a cut to the cut, at most
const SHORT = 6; // an arrow ends this far from the middle of its event
const FOOT = 46; // pixels below the last lane, without the caption
const PULL = 10; // pixels for each press of a key
const LONG_MS = 600; // that it takes to make a cut straight
const NAMED = 3; // messages that a sentence names

function made(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function button(label, act) {
  const element = made("button", { type: "button" }, label);
  element.addEventListener("click", act);
  return element;
}

// ---------------------------------------------------------------------------- where to
// The same places with each event far enough to the right of those before it.
function pushedRight(band, xs) {
  band.before.forEach((earlier, event) => {
    for (const one of earlier) xs[event] = Math.max(xs[event], xs[one] + band.gap);
  });
  return xs;
}

function pushedLeft(band, xs) {
  for (let event = xs.length - 1; event >= 0; event -= 1) {
    for (const one of band.after[event]) xs[event] = Math.min(xs[event], xs[one] - band.gap);
  }
  return xs;
}

function dragged(band, xs, event, x) {
  const moved = [...xs];
  moved[event] = Math.min(Math.max(x, band.low[event]), band.high[event]);
  return (moved[event] > xs[event] ? pushedRight : pushedLeft)(band, moved);
}

// Where the cut goes through each lane: soon after its last event there.
function points(band, xs, cut) {
  return band.lanes.map(([, , lane], i) => {
    const low = cut[i] ? xs[lane[cut[i] - 1]] : band.left - band.gap;
    const then = cut[i] < lane.length ? xs[lane[cut[i]]] : band.right + band.gap;
    return Math.min((low + then) / 2, low + NEAR);
  });
}

// All events with those in the cut on the left of an upright line, and where it stands.
function straightened(band, xs, cut, within) {
  const at = points(band, xs, cut);
  const middle = at.reduce((sum, x) => sum + x, 0) / Math.max(1, at.length);
  const least = band.low.filter((_, event) => within(event)).map((low) => low + band.gap);
  const most = band.high.filter((_, event) => !within(event)).map((high) => high - band.gap);
  const x = Math.min(Math.max(middle, band.left, ...least), ...most, band.right);
  const [near, far] = [x - band.gap, x + band.gap];
  // each side by itself: what is on the other one does not push
  const early = xs.map((was, e) => (within(e) ? Math.min(was, near) : Infinity));
  const late = xs.map((was, e) => (within(e) ? -Infinity : Math.max(was, far)));
  const [left, right] = [pushedLeft(band, early), pushedRight(band, late)];
  return [xs.map((_, e) => (within(e) ? left[e] : right[e])), x];
}

// All that can be reached from an event by one of the two ways.
function reached(next, event) {
  const found = new Set();
  const rest = [...next[event]];
  while (rest.length) {
    const one = rest.pop();
    if (!found.has(one)) {
      found.add(one);
      rest.push(...next[one]);
    }
  }
  return found;
}

function render({ model, el }) {
  const band = model.get("band");
  const nodeOf = [];
  const placeOf = [];
  band.lanes.forEach(([, , lane], i) => {
    lane.forEach((event, place) => {
      nodeOf[event] = i;
      placeOf[event] = place;
    });
  });
  let xs = [...band.xs];
  let cut = [...band.cut];
  let upright; // where the cut is one line, if it is
  let chosen; // the event whose past and future are shown
  let frame; // of the animation
  const within = (event) => placeOf[event] < cut[nodeOf[event]];
  const nameOf = (event) => band.lanes[nodeOf[event]][0];

  // ------------------------------------------------------------------------ the picture
  const stage = made("div", {
    class: "distlab-rubber-stage",
    tabindex: "0",
    role: "group",
    "aria-label": `${band.alt} Arrow keys choose an event, with Shift they pull it, Escape lets go of it.`,
  });
  stage.innerHTML = band.svg;
  const svg = stage.querySelector("svg");
  svg.setAttribute("role", "group"); // what is in an `img` nobody is told of
  svg.removeAttribute("aria-describedby");
  for (const row of svg.querySelectorAll(".dl-caption")) row.remove(); // it is said below
  const high = (band.lanes.at(-1)?.[1] ?? 0) + FOOT;
  svg.setAttribute("viewBox", `0 0 ${svg.viewBox.baseVal.width} ${high}`);
  svg.setAttribute("height", high);
  svg.querySelector(".dl-paper").setAttribute("height", high - 1);
  const happenings = [...svg.querySelectorAll(".dl-happening")];
  const mail = [...svg.querySelectorAll(".dl-mail")];
  const cutting = svg.querySelector(".dl-cutting");
  const line = svg.querySelector(".dl-cut[points]");
  const handles = [...svg.querySelectorAll(".dl-handle")];
  const ends = (line?.getAttribute("points") ?? "").split(" ").map((p) => +p.split(",")[1]);
  handles.forEach((handle, i) => {
    const [node, , lane] = band.lanes[i];
    const role = { role: "slider", tabindex: "0", "aria-label": `cut on ${node}` };
    const range = { "aria-valuemin": "0", "aria-valuemax": lane.length };
    for (const [key, value] of Object.entries({ ...role, ...range })) {
      handle.setAttribute(key, value);
    }
  });

  // ---------------------------------------------------------- the controls and the words
  const pull = button("straighten the cut", straighten);
  const back = button("as it was", reset);
  const bar = made("div", { class: "distlab-rubber-bar" }, pull, back);
  const ofCut = made("div", { class: "distlab-rubber-says", "aria-live": "polite" });
  const ofEvent = made("div", { class: "distlab-rubber-says", "aria-live": "polite" });
  const key = made("div", { class: "distlab-rubber-key" });
  key.textContent = "◀ before the event that is chosen   ▶ after it   pale: concurrent with it";
  const root = made("div", { class: "distlab-rubber" }, bar, stage, key, ofCut, ofEvent);
  el.append(root);
  // JupyterLab takes the arrow keys away from any element that does not say this itself
  for (const focusable of [stage, ...handles, ...bar.children]) {
    focusable.setAttribute("data-lm-suppress-shortcuts", "true");
  }

  // --------------------------------------------------------------------- what is shown
  function counted(events) {
    const lanes = band.lanes.map(([node], i) => {
      const count = [...events].filter((event) => nodeOf[event] === i).length;
      return count ? `${node} ${count}` : "";
    });
    const them = lanes.filter(Boolean).join(", ");
    const total = [...events].length;
    return `${total} event${total === 1 ? "" : "s"}${them ? ` (${them})` : ""}`;
  }

  function place() {
    happenings.forEach((group, event) => {
      const y = band.lanes[nodeOf[event]][1];
      group.setAttribute("transform", `translate(${xs[event]} ${y})`);
    });
    mail.forEach((group) => {
      const [from, to] = [+group.dataset.from, +group.dataset.to];
      const [x, y] = [xs[from], band.lanes[nodeOf[from]][1]];
      const [dx, dy] = [xs[to] - x, band.lanes[nodeOf[to]][1] - y];
      const turn = (Math.atan2(dy, dx) * 180) / Math.PI;
      const end = Math.max(Math.hypot(dx, dy) - SHORT, 0);
      const arrow = group.querySelector("g");
      arrow.setAttribute("transform", `translate(${x} ${y}) rotate(${turn})`);
      arrow.querySelector("line").setAttribute("x2", end);
      arrow.querySelector("path").setAttribute("transform", `translate(${end} 0)`);
      const name = group.querySelector("text");
      name?.setAttribute("x", x + dx / 2 + +name.dataset.dx);
      name?.setAttribute("y", y + dy / 2 + +name.dataset.dy);
    });
    placeCut(points(band, xs, cut).map((x) => upright ?? x));
  }

  function placeCut(at) {
    const way = [at[0], ...at, at.at(-1)].map((x, i) => `${x},${ends[i]}`);
    line?.setAttribute("points", way.join(" "));
    handles.forEach((handle, i) => {
      handle.setAttribute("transform", `translate(${at[i]} ${band.lanes[i][1]})`);
    });
  }

  function relate() {
    const past = chosen === undefined ? new Set() : reached(band.before, chosen);
    const future = chosen === undefined ? new Set() : reached(band.after, chosen);
    const others = happenings.map((_, event) => event);
    const apart = others.filter((e) => e !== chosen && !past.has(e) && !future.has(e));
    const look = (group, earlier, later, self = false) => {
      group.classList.toggle("dl-before", earlier);
      group.classList.toggle("dl-after", later);
      group.classList.toggle("dl-this", self);
      const related = earlier || later || self || chosen === undefined;
      group.classList.toggle("dl-apart", !related);
    };
    happenings.forEach((group, event) => {
      look(group, past.has(event), future.has(event), event === chosen);
    });
    mail.forEach((group) => {
      const [from, to] = [+group.dataset.from, +group.dataset.to];
      look(group, past.has(to) || to === chosen, future.has(from) || from === chosen);
    });
    ofEvent.textContent =
      chosen === undefined
        ? "Choose an event by the mouse or the arrow keys: what was before it, what comes " +
          "after it. Drag it, or press Shift and an arrow key, to pull it."
        : `${band.words[chosen]}: ${counted(past)} before it, ${counted(future)} after it, ` +
          `${counted(apart)} concurrent with it.`;
  }

  function judge() {
    const orphans = band.messages.filter(([from, to]) => within(to) && !within(from));
    const crossing = band.messages.filter(([from, to]) => within(from) && !within(to));
    cutting?.classList.toggle("dl-bad-cut", orphans.length > 0);
    mail.forEach((group, i) => {
      group.classList.toggle("dl-guilty", orphans.includes(band.messages[i]));
    });
    handles.forEach((handle, i) => {
      const [, , lane] = band.lanes[i];
      const last = cut[i] ? band.words[lane[cut[i] - 1]] : "nothing";
      handle.setAttribute("aria-valuenow", cut[i]);
      const words = `${cut[i]} of ${lane.length} events, the last one: ${last}`;
      handle.setAttribute("aria-valuetext", words);
    });
    ofCut.textContent = orphans.length ? notConsistent(orphans) : consistent(crossing);
    return orphans;
  }

  function notConsistent(orphans) {
    const told = orphans.slice(0, NAMED).map(([from, to, name]) => {
      return `${nameOf(to)} has received ${name}, which ${nameOf(from)} sends after the cut`;
    });
    const more = orphans.length - NAMED;
    if (more > 0) told.push(`and ${more} more such messages`);
    return `Not a consistent cut: ${told.join("; ")}.`;
  }

  function consistent(crossing) {
    const count = crossing.length;
    const names = crossing
      .slice(0, NAMED)
      .map(([from, to, name]) => `${name} from ${nameOf(from)} to ${nameOf(to)}`);
    if (count > NAMED) names.push("…");
    const over = count ? ` (${names.join(", ")})` : "";
    return (
      "A consistent cut: what has been received in it has been sent in it; " +
      `${count || "no"} message${count === 1 ? "" : "s"} in transit${over}.`
    );
  }

  // ------------------------------------------------------------------------ what is done
  function choose(event) {
    chosen = event;
    relate();
  }

  function drag(event, x) {
    stop();
    upright = undefined;
    xs = dragged(band, xs, event, x);
    place();
  }

  function moveCut(i, steps) {
    stop();
    upright = undefined;
    cut[i] = Math.min(Math.max(steps, 0), band.lanes[i][2].length);
    judge();
    place();
  }

  function straighten() {
    const [orphan] = judge();
    if (orphan) {
      const [from, to, name] = orphan;
      ofCut.textContent +=
        ` It cannot be made straight: ${name} would have to run back in time, ` +
        `from ${nameOf(from)} after the cut to ${nameOf(to)} before it.`;
      return;
    }
    const [target, x] = straightened(band, xs, cut, within);
    glide(target, x);
  }

  function reset() {
    stop();
    upright = undefined;
    xs = [...band.xs];
    cut = [...band.cut];
    choose(undefined);
    judge();
    place();
  }

  // Between two places that keep the order, all on the straight way keep it too.
  function glide(target, x) {
    stop();
    const [was, began] = [[...xs], performance.now()];
    const lines = points(band, xs, cut).map((point) => upright ?? point);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const move = (now) => {
      const share = still ? 1 : Math.min(1, (now - began) / LONG_MS);
      xs = was.map((from, event) => from + (target[event] - from) * share);
      upright = share < 1 ? undefined : x;
      place();
      placeCut(lines.map((from) => from + (x - from) * share));
      frame = share < 1 ? requestAnimationFrame(move) : undefined;
    };
    move(began);
  }

  function stop() {
    cancelAnimationFrame(frame);
    frame = undefined;
  }

  // -------------------------------------------------------------------- mouse and keys
  function nearest(lane) {
    const away = (event) => Math.abs(xs[event] - xs[chosen]);
    return lane.reduce((best, event) => (away(event) < away(best) ? event : best));
  }

  function step(key) {
    if (chosen === undefined) return placeOf.findIndex((place) => place === 0);
    const [i, place] = [nodeOf[chosen], placeOf[chosen]];
    const lane = band.lanes[i][2];
    const lanes = band.lanes.map(([, , events]) => events);
    const above = lanes.slice(0, i).findLast((events) => events.length);
    const below = lanes.slice(i + 1).find((events) => events.length);
    const to = {
      ArrowLeft: lane[place - 1],
      ArrowRight: lane[place + 1],
      Home: lane[0],
      End: lane.at(-1),
      ArrowUp: above && nearest(above),
      ArrowDown: below && nearest(below),
    };
    return to[key] ?? chosen;
  }

  stage.addEventListener("keydown", (event) => {
    if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const sideways = { ArrowLeft: -PULL, ArrowRight: PULL }[event.key];
    if (event.key === "Escape") choose(undefined);
    else if (event.shiftKey && sideways && chosen !== undefined) {
      drag(chosen, xs[chosen] + sideways);
    } else if (/^(Arrow|Home|End)/.test(event.key) && happenings.length) {
      choose(step(event.key));
    } else return;
    event.preventDefault();
  });
  handles.forEach((handle, i) => {
    handle.addEventListener("keydown", (event) => {
      const most = band.lanes[i][2].length;
      const to = { ArrowLeft: cut[i] - 1, ArrowRight: cut[i] + 1, Home: 0, End: most };
      if (!(event.key in to)) return;
      event.preventDefault();
      moveCut(i, to[event.key]);
    });
  });
  stage.addEventListener("pointerdown", (event) => {
    const group = event.target.closest(".dl-happening, .dl-handle");
    if (!group) {
      choose(undefined);
      return;
    }
    const moved = group.dataset.event === undefined ? undefined : +group.dataset.event;
    const i = handles.indexOf(group);
    if (moved !== undefined) {
      event.preventDefault(); // the stage keeps the keys
      stage.focus({ preventScroll: true });
      choose(moved);
    }
    const pixel = (at) => {
      const box = svg.getBoundingClientRect();
      return ((at.clientX - box.left) * svg.viewBox.baseVal.width) / box.width;
    };
    const from = moved === undefined ? 0 : xs[moved] - pixel(event); // where it was taken
    const follow = (at) => {
      if (moved !== undefined) drag(moved, pixel(at) + from);
      else moveCut(i, band.lanes[i][2].filter((one) => xs[one] < pixel(at)).length);
    };
    const release = () => {
      stage.removeEventListener("pointermove", follow);
      stage.removeEventListener("pointerup", release);
      stage.removeEventListener("pointercancel", release);
    };
    stage.setPointerCapture(event.pointerId);
    stage.addEventListener("pointermove", follow);
    stage.addEventListener("pointerup", release);
    stage.addEventListener("pointercancel", release);
  });

  relate();
  judge();
  return stop;
}

export default { render };
