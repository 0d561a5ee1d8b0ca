// Draws every <canvas data-chart='{"labels": […], "series": [{"label", "tone", "values"}]}'>.
(() => {
  "use strict";
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
  // light-dark() is resolved only on an element, so a probe carries the colour.
  const resolved = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value || colour(name);
  };

  const draw = (canvas) => {
    if (canvas.drawn || !window.Chart) return;
    const data = JSON.parse(canvas.dataset.chart);
    const ink = resolved("quiet");
    const line = resolved("line");
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    canvas.drawn = new Chart(canvas, {
      type: data.type || "bar",
      data: {
        labels: data.labels,
        datasets: data.series.map((series) => ({
          label: series.label,
          data: series.values,
          backgroundColor: resolved(series.tone),
          borderColor: resolved(series.tone),
          borderRadius: 3,
          maxBarThickness: 18,
          borderWidth: data.type === "line" ? 2 : 0,
          pointRadius: 0,
          tension: 0.3,
        })),
      },
      options: {
        animation: still ? false : { duration: 300 },
        responsive: true,
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        scales: {
          x: { grid: { display: false }, border: { color: line }, ticks: { color: ink, maxRotation: 0, autoSkipPadding: 24 } },
          y: { beginAtZero: true, border: { display: false }, grid: { color: line }, ticks: { color: ink, precision: 0 } },
        },
        plugins: {
          legend: { align: "start", labels: { color: ink, boxWidth: 10, boxHeight: 10, useBorderRadius: true, borderRadius: 3 } },
        },
      },
    });
  };
  const drawAll = () => {
    for (const canvas of document.querySelectorAll("canvas[data-chart]")) draw(canvas);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const canvas of document.querySelectorAll("canvas[data-chart]")) {
      if (canvas.drawn) canvas.drawn.destroy();
      canvas.drawn = null;
    }
    drawAll();
  });
  document.addEventListener("htmx:afterSettle", drawAll);
  drawAll();
})();
