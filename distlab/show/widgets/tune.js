// The browser's half of `tune`: asks for results when a control moves, and shows them.
//
// One request is on its way at a time, however fast a slider is dragged. While answers come
// quickly each of them is shown, so that a drag moves the picture. Once the picture lags by
// WAIT_MS the stage says that it waits, and from then on only the answer to the last change
// is shown: what came in between is out of date.

const WAIT_MS = 200;
const FOCUSABLE = "input, select, [tabindex], [contenteditable]";
const FITS = "<style>:host > svg { max-width: 100%; height: auto }</style>";

export default () => {
  let latest; // the answer that is shown
  let wanted = 0; // the number of the last change
  let asked = 0; // the number of the request on its way; 0: none
  let waiting = false;
  let timer;
  const views = new Set();

  async function initialize({ model }) {
    latest = model.get("answer");
    const controls = await Promise.all(
      model.get("controls").map(async ({ name, trait, model: id }) => {
        const twin = await found(model.widget_manager, id);
        return { name, trait, twin };
      }),
    );
    const places = () =>
      Object.fromEntries(controls.map((c) => [c.name, c.twin.get(c.trait)]));

    const ask = () => {
      asked = wanted;
      model.send({ number: asked, at: places() });
    };
    const changed = () => {
      wanted += 1;
      timer ??= setTimeout(() => wait(true), WAIT_MS);
      if (!asked) ask();
    };
    const wait = (whether) => {
      clearTimeout(timer);
      timer = undefined;
      waiting = whether;
      for (const view of views) view.wait(whether);
    };

    model.on("msg:custom", (answer) => {
      if (answer.number !== asked) return;
      const last = asked === wanted;
      asked = 0;
      if (last || !waiting) {
        latest = answer;
        wait(false);
        for (const view of views) view.show(answer);
      }
      if (!last) {
        if (!waiting) timer = setTimeout(() => wait(true), WAIT_MS);
        ask();
      }
    });
    for (const { trait, twin } of controls) {
      twin.on(`change:${trait}`, changed);
    }
    // A page that is opened again finds the controls where they were left.
    const at = places();
    if (Object.keys(at).some((name) => at[name] !== latest.at[name])) changed();
    return () => {
      clearTimeout(timer);
      for (const { trait, twin } of controls) twin.off(`change:${trait}`, changed);
    };
  }

  function render({ model, el }) {
    const view = stage(el);
    view.show(latest);
    view.wait(waiting);
    views.add(view);
    prepareControls(model);
    return () => views.delete(view);
  }

  return { initialize, render };
};

// A control's twin in the browser; when a page is opened again it may come after us.
async function found(manager, id) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await manager.get_model(id);
    } catch (error) {
      if (tries === 15) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

// ipywidgets draws names beside its sliders and choices, and gives them none that is read
// aloud; it leaves the options of a choice apart, so that the arrow keys do not move between
// them; and JupyterLab takes those keys for itself, unless what has the focus forbids it.
async function prepareControls(model) {
  for (const { label, trait, model: id } of model.get("controls")) {
    const twin = await found(model.widget_manager, id);
    for (const coming of Object.values(twin.views ?? {})) {
      const { el, cid } = await coming;
      for (const part of el.querySelectorAll(FOCUSABLE)) keepKeys(part);
      for (const part of el.querySelectorAll("[role=slider], [contenteditable]")) {
        part.setAttribute("aria-label", label);
      }
      if (trait === "index") speakOptions(twin, el.querySelector("[role=slider]"));
      const options = el.querySelectorAll("input[type=radio]");
      for (const option of options) option.name = `distlab-${cid}`;
      if (options.length) {
        el.setAttribute("role", "radiogroup");
        el.setAttribute("aria-label", label);
      }
    }
  }
}

// A slider over options says how many there are before; we say which one it is.
function speakOptions(twin, handle) {
  const speak = () =>
    requestAnimationFrame(() => {
      const option = twin.get("_options_labels")[twin.get("index")];
      handle.setAttribute("aria-valuetext", option);
    });
  if (!handle) return;
  twin.on("change:index", speak);
  speak();
}

function keepKeys(part) {
  part.setAttribute("data-lm-suppress-shortcuts", "true");
}

// Pictures and tables beside each other; below them one block of words for each part,
// read aloud when it changes; and everything in words, for those who open it.
function stage(el) {
  el.classList.add("distlab-tune");
  const pictures = add(el, "div", "distlab-pictures");
  const spinner = add(el, "div", "distlab-spinner");
  spinner.textContent = "computing …";
  const words = add(el, "div", "distlab-words");
  words.setAttribute("role", "status");
  words.setAttribute("aria-live", "polite");
  const details = add(el, "details", "distlab-twin");
  const summary = add(details, "summary");
  summary.textContent = "in words";
  keepKeys(summary);
  const twin = add(details, "pre");

  return {
    show({ parts, twin: text }) {
      pictures.replaceChildren(...parts.filter((part) => part.body).map(drawn));
      words.replaceChildren(...parts.filter((part) => part.says).map(told));
      twin.textContent = text;
      details.hidden = !text;
    },
    wait(whether) {
      el.classList.toggle("distlab-waits", whether);
      el.setAttribute("aria-busy", String(whether));
    },
  };
}

function drawn({ kind, body }) {
  const part = document.createElement("div");
  if (kind === "picture") {
    // A shadow keeps the picture's styles and ids to itself.
    part.attachShadow({ mode: "open" }).innerHTML = FITS + body;
  } else {
    part.className = "jp-RenderedHTMLCommon";
    part.innerHTML = body;
  }
  return part;
}

function told({ kind, says, outcome }) {
  const part = document.createElement("p");
  part.className = `distlab-${kind} distlab-${outcome}`;
  part.textContent = says;
  return part;
}

function add(parent, tag, name = "") {
  const child = document.createElement(tag);
  child.className = name;
  parent.append(child);
  return child;
}
