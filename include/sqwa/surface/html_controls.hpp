// SPDX-License-Identifier: BSD-3-Clause
// The second half of the script of a surface's page: what it tells, and how it is used.
#ifndef SQWA_SURFACE_HTML_CONTROLS_HPP
#define SQWA_SURFACE_HTML_CONTROLS_HPP

#include <sqwa/core/config.hpp>

#include <string_view>

namespace sqwa::inline SQWA_ABI {

namespace detail {

inline constexpr std::string_view html_controls = R"js(
function nearest(x, y) {  // the node nearest to a place in the rectangle
  if (x < data.x.first || x > data.x.last || y < data.y.first || y > data.y.last) return null;
  const i = Math.round((x - data.x.first) / span(data.x) * (nx - 1)), j = Math.round((y - data.y.first) / span(data.y) * (ny - 1));
  return j * nx + i;
}

const clamped = (axis, v) => Math.min(Math.max(v, axis.first), axis.last);

function overlay(p) {
  const c = p.canvas.getContext('2d'), n = state.node;
  c.setTransform(1, 0, 0, 1, 0, 0);
  c.clearRect(0, 0, p.canvas.width, p.canvas.height);
  c.drawImage(p.base, 0, 0);
  c.setTransform(p.ratio, 0, 0, p.ratio, 0, 0);
  const ring = (x, y) => {
    for (const [colour, width] of [['#000', 4], ['#fff', 2]]) {
      c.strokeStyle = colour;
      c.lineWidth = width;
      c.beginPath();
      c.arc(x, y, 6, 0, 7);
      c.stroke();
    }
  };
  if (state.view !== 'map') return p.spots[n] ? ring(p.spots[n][0], p.spots[n][1]) : undefined;
  const i = n % nx, j = Math.floor(n / nx);
  if (data.cells.length) {  // the border of the nodes that round to the same low-bit model
    const edge = (a, b) => [px(p, at(data.x, a)), py(p, at(data.y, b))];
    const dx = p.w / Math.max(1, nx - 1) / 2, dy = p.h / Math.max(1, ny - 1) / 2, cell = data.cells[n];
    const same = (a, b) => a >= 0 && b >= 0 && a < nx && b < ny && data.cells[b * nx + a] === cell;
    c.save();
    c.beginPath();
    c.rect(p.left - 1, p.top - 1, p.w + 2, p.h + 2);
    c.clip();
    c.beginPath();
    data.cells.forEach((other, m) => {
      if (other !== cell) return;
      const a = m % nx, b = Math.floor(m / nx), [x, y] = edge(a, b);
      for (const [u, w] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        if (same(a + u, b + w)) continue;
        c.moveTo(x + (u || -1) * dx, y - (w || -1) * dy);
        c.lineTo(x + (u || 1) * dx, y - (w || 1) * dy);
      }
    });
    c.strokeStyle = '#fb7185';
    c.lineWidth = 2;
    c.stroke();
    c.restore();
  }
  ring(px(p, at(data.x, i)), py(p, at(data.y, j)));
}

function readout() {
  const n = state.node, i = n % nx, j = Math.floor(n / nx);
  const set = (id, v) => {
    const e = document.getElementById(id);
    e.textContent = text(v);
    e.dataset.value = v === null ? 'nan' : String(v);
  };
  set('at-x', at(data.x, i));
  set('at-y', at(data.y, j));
  data.surfaces.forEach((s, k) => { set(`loss-${k}`, s.loss[n]); set(`accuracy-${k}`, s.accuracy[n]); });
  if (data.cells.length) { set('cell', data.cells[n]); set('right', data.changesX[n]); set('up', data.changesY[n]); }
}

function drawAll() {
  const [low, high] = ranges[state.field], log = document.querySelector('input[value=log]');
  log.disabled = !(low > 0) || low === high;
  if (log.disabled && state.scale === 'log') {
    state.scale = 'linear';
    document.querySelector('input[value=linear]').checked = true;
  }
  panels.forEach((p, k) => {
    p.figure.hidden = state.shown !== 'both' && state.shown !== String(k);
    if (p.figure.hidden) return;
    layout(p);
    (state.view === 'map' ? drawMap : drawSolid)(p);
    overlay(p);
  });
  const bar = document.getElementById('bar');
  bar.children[0].textContent = `${state.field} ${text(low)}`;
  bar.children[1].style.background = `linear-gradient(90deg, ${data.colours.map((_, k) => css(k / (data.colours.length - 1))).join(',')})`;
  bar.children[2].textContent = text(high) + (state.scale === 'log' ? ' (log)' : '');
  readout();
}
function read(node) {
  state.node = node;
  panels.forEach(p => { if (!p.figure.hidden) overlay(p); });
  readout();
}

for (const p of panels) {
  const locate = e => {
    const box = p.canvas.getBoundingClientRect(), x = e.clientX - box.left, y = e.clientY - box.top;
    if (state.view === 'map') {
      const a = data.x.first + (x - p.left) / p.scale, b = data.y.first + (p.top + p.h - y) / p.scale;
      return read(nearest(clamped(data.x, a), clamped(data.y, b)));  // beside the map: the nearest on its border
    }
    let best = 400, node = null;  // within 20 pixels
    p.spots.forEach((s, n) => {
      const d = s ? (s[0] - x) ** 2 + (s[1] - y) ** 2 : Infinity;
      if (d < best) { best = d; node = n; }
    });
    if (node !== null) read(node);
  };
  let held = null;
  p.canvas.addEventListener('pointerdown', e => { held = [e.clientX, e.clientY]; p.canvas.setPointerCapture(e.pointerId); locate(e); });
  for (const end of ['pointerup', 'pointercancel']) p.canvas.addEventListener(end, () => { held = null; });
  p.canvas.addEventListener('pointermove', e => {
    if (state.view === 'map' || !held) return locate(e);
    state.turn += (e.clientX - held[0]) * 0.01;
    state.tilt = Math.min(1.5, Math.max(0.1, state.tilt + (e.clientY - held[1]) * -0.01));
    held = [e.clientX, e.clientY];
    requestAnimationFrame(drawAll);
  });
  p.canvas.addEventListener('keydown', e => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[e.key];
    if (!step) return;
    e.preventDefault();
    if (state.view === 'map') {
      const i = Math.min(nx - 1, Math.max(0, state.node % nx + step[0]));
      const j = Math.min(ny - 1, Math.max(0, Math.floor(state.node / nx) + step[1]));
      return read(j * nx + i);
    }
    state.turn += step[0] * 0.1;
    state.tilt = Math.min(1.5, Math.max(0.1, state.tilt - step[1] * 0.1));
    drawAll();
  });
}

function choice(name, words, options) {
  const set = add(document.getElementById('controls'), 'fieldset');
  add(set, 'legend', words);
  for (const [value, title] of options) {
    const label = add(set, 'label');
    add(label, 'input', undefined, { type: 'radio', name, value, checked: state[name] === value,
      onchange: () => { state[name] = value; drawAll(); } });
    label.append(title);
  }
}
if (ranges.loss[0] > 0 && ranges.loss[1] > 10 * ranges.loss[0]) state.scale = 'log';
choice('shown', 'Surface', [...(panels.length > 1 ? [['both', panels.length === 2 ? 'both' : 'all']] : []),
  ...data.surfaces.map((s, k) => [String(k), s.name])]);
choice('field', 'Value', [['loss', 'loss'], ['accuracy', 'accuracy, %']]);
choice('scale', 'Colours', [['linear', 'linear'], ['log', 'logarithmic']]);
choice('view', 'View', [['map', 'map'], ['solid', '3-D']]);

const table = document.getElementById('node');
const row = (head, ids, span) => {
  const r = add(table, 'tr');
  add(r, 'th', head, { scope: 'row' });
  for (const id of ids) add(r, 'td', '', { id, colSpan: span });
};
row(data.x.name, ['at-x'], panels.length || 1);
row(data.y.name, ['at-y'], panels.length || 1);
if (panels.length) {
  const head = add(table, 'tr');
  add(head, 'th', 'surface', { scope: 'row' });
  for (const s of data.surfaces) add(head, 'th', s.name, { scope: 'col' });
  row('loss', data.surfaces.map((_, k) => `loss-${k}`), 1);
  row('accuracy, %', data.surfaces.map((_, k) => `accuracy-${k}`), 1);
}
if (data.cells.length) {
  row('cell of equal codes', ['cell'], panels.length || 1);
  row('codes that change to the right', ['right'], panels.length || 1);
  row('codes that change upwards', ['up'], panels.length || 1);
}
data.models.forEach((m, i) => {
  const r = add(document.getElementById('models'), 'tr');
  add(r, 'td', i + 1).style.minWidth = 0;
  for (const v of [m.name, ...[m.distance, m.loss, m.accuracy, m.x, m.y].map(text)]) add(r, 'td', v);
});
document.getElementById('marked').hidden = data.models.length === 0;
new ResizeObserver(() => drawAll()).observe(document.getElementById('panels'));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
drawAll();
)js";

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
