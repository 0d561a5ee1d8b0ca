// Lists a page's controls for the walk through them, and tells the page's state in words.
window.walk = (() => {
  "use strict";
  let printed = 0; // a browser without a screen shows no print dialog
  window.print = () => printed++;
  const ALL = "a[href], button, summary, select, input:not([type=hidden]), textarea, trix-editor";
  const LIVE = "form[hx-trigger], [data-autosave], [data-vouch]";
  const STILL = "[data-vouched]"; // fields of a form, beside the boxes that show them
  const NOBODYS = "template, noscript, [aria-hidden=true][tabindex='-1']"; // what Enter presses in a form, unseen
  const OWN = "[hx-get], [hx-post]";
  const words = (node) => (node.innerText || node.textContent || "").trim();
  const icon = (node) => {
    const use = node.querySelector("use");
    return use ? use.getAttribute("href").split("#")[1] : "";
  };
  const label = (node) =>
    node.getAttribute("aria-label") || words(node) || (node.labels && node.labels[0] && words(node.labels[0])) || node.name || node.tagName;
  const seen = (node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && node.getBoundingClientRect().width > 1;

  const kind = (node) => {
    if (node.readOnly && document.querySelector(`[data-copy="${node.id}"]`)) return "off"; // is there to be copied
    if (node.disabled || (node.type === "radio" && node.checked)) return "off";
    if (node.dataset.previewWidth && node.getAttribute("aria-pressed") === "true") return "off"; // chosen already
    if (node.tagName === "A") return "link";
    if (node.tagName === "SUMMARY" || node.tagName === "BUTTON" || node.type === "submit") return "press";
    if (node.type === "file") return "field";
    return node.matches(OWN) || (node.closest(LIVE) && !node.closest(STILL)) ? "change" : "field";
  };
  const signature = (node, what) => {
    if (what === "link") return [node.getAttribute("href"), node.hasAttribute("hx-get")];
    const form = node.form;
    const action = form ? node.getAttribute("formaction") || form.getAttribute("action") || "" : "";
    if (what === "press") {
      const own = node.name ? [node.name, node.value] : [];
      return [node.tagName, action, words(node).replace(/\d+/g, "#").slice(0, 30), icon(node), ...own, { ...node.dataset, walk: "" }];
    }
    return [action, node.name || node.id, node.type === "radio" ? node.value : ""];
  };

  const controls = () =>
    [...document.querySelectorAll(ALL)].filter((node) => !node.closest(NOBODYS)).map((node, index) => {
      node.dataset.walk = index;
      const what = kind(node);
      return {
        kind: what,
        label: label(node),
        href: node.tagName === "A" ? node.href : "",
        signature: signature(node, what),
        frame: !node.closest("main") && !node.closest(".messages"),
        goes: what !== "field" || Boolean(node.form && node.form.querySelector("button:not([type=button]), input[type=submit]")),
      };
    }).map((entry) => (entry.goes ? entry : { ...entry, kind: "lost" }));

  const at = (index) => document.querySelector(`[data-walk="${index}"]`);
  // The number of what must be pressed first: a closed part, a menu, the phone's rail.
  const closed = (index) => {
    const node = at(index);
    const details = node.closest("details:not([open])");
    if (details && !(node.tagName === "SUMMARY" && node.parentNode === details && !details.parentNode.closest("details:not([open])"))) {
      const outer = details.parentNode.closest("details:not([open])") || details;
      return outer.querySelector("summary").dataset.walk;
    }
    const menu = node.closest(".dropdown-menu:not(.show)");
    if (menu) return menu.parentNode.querySelector("[data-bs-toggle]").dataset.walk;
    const dialog = node.closest("[data-trix-dialog]:not([data-trix-active])");
    if (dialog) return document.querySelector("[data-trix-action=link]").dataset.walk;
    const toggle = document.querySelector("[data-toggle-rail]");
    if (node.closest("#more") && toggle && seen(toggle) && toggle.getAttribute("aria-expanded") === "false") return toggle.dataset.walk;
    return null;
  };
  const visible = (index) => {
    const node = at(index);
    return seen(node) || Boolean(node.labels && node.labels[0] && seen(node.labels[0]));
  };

  // Everything that a person could see or hear change; not what changes by itself.
  const state = () => {
    const copy = document.body.cloneNode(true);
    for (const node of copy.querySelectorAll("script, input[type=hidden], [data-clock], #ask")) node.remove();
    for (const node of copy.querySelectorAll("*")) {
      for (const name of ["data-walk", "data-fading", "data-confirmed", "disabled"]) node.removeAttribute(name);
      for (const name of [...node.classList]) if (name.startsWith("htmx-")) node.classList.remove(name);
    }
    const chosen = [...document.querySelectorAll("[data-live] input")].map((one) => one.checked);
    const focus = location.hash;
    return [location.pathname, location.search, focus, printed, chosen, copy.innerHTML].join("\n");
  };
  return { controls, closed, visible, state };
})();
