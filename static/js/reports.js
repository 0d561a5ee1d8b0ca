// Draws a chart from the table below it, so that both always say the same.
(() => {
  "use strict";

  const colour = (name) => {
    // light-dark() is resolved only in a used value: ask the browser for one.
    const probe = document.createElement("span");
    probe.hidden = true;
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };

  const draw = (canvas) => {
    const table = document.getElementById(canvas.dataset.chart);
    const heads = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows];
    const palette = ["--accent", "--blue", "--red", "--amber"].map(colour);
    const quiet = colour("--quiet");
    const line = colour("--line");
    const datasets = heads.slice(1).map((head, index) => ({
      label: head.textContent,
      type: head.dataset.series || "bar",
      data: rows.map((row) => Number(row.cells[index + 1].textContent.replace(/\D/g, ""))),
      backgroundColor: palette[index],
      borderColor: palette[index],
      borderWidth: head.dataset.series === "line" ? 2 : 0,
      borderDash: index === 2 ? [5, 4] : [],
      borderRadius: 4,
      pointRadius: 0,
      pointHitRadius: 12,
      tension: 0.25,
    }));
    return new window.Chart(canvas, {
      data: { labels: rows.map((row) => row.cells[0].textContent), datasets },
      options: {
        responsive: true,
        maintainAspectRatio: false,
        animation: false,
        interaction: { mode: "index", intersect: false },
        plugins: { legend: { position: "bottom", labels: { color: quiet, boxWidth: 14, boxHeight: 14 } } },
        scales: {
          x: { ticks: { color: quiet, maxRotation: 0, autoSkipPadding: 24 }, grid: { display: false }, border: { color: line } },
          y: { beginAtZero: true, suggestedMax: 4, ticks: { color: quiet, precision: 0 }, grid: { color: line }, border: { display: false } },
        },
      },
    });
  };

  const charts = () => [...document.querySelectorAll("canvas[data-chart]")].map(draw);
  document.addEventListener("DOMContentLoaded", () => {
    let drawn = charts();
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => {
      for (const chart of drawn) chart.destroy();
      drawn = charts();
    });
  });
})();
