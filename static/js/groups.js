// The group builder: Enter in a value counts again instead of saving half a group.
(() => {
  "use strict";
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("[data-builder] input")) return;
    if (event.target.id === "name") return;
    event.preventDefault();
    if (event.target.matches("[data-explain]")) document.getElementById("explain").click();
    else event.target.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
