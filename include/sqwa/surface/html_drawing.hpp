// SPDX-License-Identifier: BSD-3-Clause
// The first half of the script of a surface's page: its data, maps and 3-D views.
#ifndef SQWA_SURFACE_HTML_DRAWING_HPP
#define SQWA_SURFACE_HTML_DRAWING_HPP

#include <sqwa/core/config.hpp>

#include <string_view>

namespace sqwa::inline SQWA_ABI {

namespace detail {

inline constexpr std::string_view html_drawing = R"js(
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const nx = data.x.count, ny = data.y.count, size = nx * ny;
const at = (axis, i) => i === 0 ? axis.first : i + 1 === axis.count ? axis.last
  : axis.first + i * ((axis.last - axis.first) / (axis.count - 1));
const span = axis => axis.last - axis.first || 1;
const state = { field: 'loss', shown: 'both', scale: 'linear', view: 'map', node: Math.floor(ny / 2) * nx + Math.floor(nx / 2),
  turn: -0.6, tilt: 0.9 };
const known = v => v !== null && Number.isFinite(v);
const text = v => v === null ? 'nan' : v === Infinity ? 'inf' : v === -Infinity ? '-inf' : String(Number(v.toPrecision(6)));
const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const add = (parent, tag, words, properties) => {
  const e = document.createElement(tag);
  if (words !== undefined) e.textContent = words;
  return parent.appendChild(Object.assign(e, properties));
};

// The range of a field over all surfaces: one colour means one value on the whole page.
const range = field => {
  let low = Infinity, high = -Infinity;
  for (const s of data.surfaces) for (const v of s[field]) if (known(v)) { low = Math.min(low, v); high = Math.max(high, v); }
  return low <= high ? [low, high] : [0, 1];
};
const ranges = { loss: range('loss'), accuracy: range('accuracy') };
const place = v => {
  const [low, high] = ranges[state.field];
  if (low === high) return 0.5;
  return state.scale === 'log' ? Math.log(v / low) / Math.log(high / low) : (v / 2 - low / 2) / (high / 2 - low / 2);
};
const rgb = t => {
  const p = Math.min(Math.max(t, 0), 1) * (data.colours.length - 1), i = Math.min(Math.floor(p), data.colours.length - 2);
  return [16, 8, 0].map(s => {
    const a = data.colours[i] >> s & 255, b = data.colours[i + 1] >> s & 255;
    return Math.round(a + (p - i) * (b - a));
  });
};
const css = t => `rgb(${rgb(t).join(',')})`;

const panels = data.surfaces.map(s => {
  const figure = add(document.getElementById('panels'), 'figure');
  add(figure, 'figcaption', s.name);
  const canvas = add(figure, 'canvas', undefined, { tabIndex: 0 });
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `Surface ${s.name}. Arrow keys move the node that is read, or turn the 3-D view.`);
  return { s, figure, canvas, base: document.createElement('canvas') };
});

function layout(p) {
  const wide = Math.max(120, p.figure.clientWidth - 20), ratio = window.devicePixelRatio || 1;
  const left = 44, right = 10, top = 8, bottom = 30;
  const most = Math.max(160, Math.min(560, window.innerHeight * 0.75));
  const scale = Math.min((wide - left - right) / span(data.x), most / span(data.y));
  const w = span(data.x) * scale, h = span(data.y) * scale;
  Object.assign(p, { left: (wide - left - right - w) / 2 + left, top, w, h, scale, wide, ratio,
    tall: state.view === 'map' ? h + top + bottom : Math.min(wide * 0.8, most) });
  for (const c of [p.canvas, p.base]) { c.width = Math.round(wide * ratio); c.height = Math.round(p.tall * ratio); }
  p.canvas.style.height = p.tall + 'px';
}
const px = (p, x) => p.left + (x - data.x.first) * p.scale;
const py = (p, y) => p.top + p.h - (y - data.y.first) * p.scale;

function ticks(first, last, most) {
  const least = (last - first) / Math.max(1, most);
  if (!(least > 0)) return [first];
  let step = 10 ** Math.floor(Math.log10(least));
  for (const f of [2, 2.5, 2]) if (step < least) step *= f;
  const all = [];
  for (let i = Math.ceil(first / step); i * step <= last; ++i) all.push(i * step);
  return all;
}

function drawMap(p) {
  const c = p.base.getContext('2d'), v = p.s[state.field], r = p.ratio;
  const w = Math.max(1, Math.round(p.w * r)), h = Math.max(1, Math.round(p.h * r)), image = c.createImageData(w, h);
  const missing = style('--missing').match(/\w\w/g).map(s => parseInt(s, 16));
  for (let b = 0; b < h; ++b) for (let a = 0; a < w; ++a) {
    const gx = (a + 0.5) / w * (nx - 1), gy = (1 - (b + 0.5) / h) * (ny - 1);
    const i = Math.max(0, Math.min(Math.floor(gx), nx - 2)), j = Math.max(0, Math.min(Math.floor(gy), ny - 2));
    const i1 = Math.min(i + 1, nx - 1), j1 = Math.min(j + 1, ny - 1), s = gx - i, t = gy - j;
    const q = [v[j * nx + i], v[j * nx + i1], v[j1 * nx + i], v[j1 * nx + i1]];
    const colour = q.every(known)
      ? rgb(place((q[0] * (1 - s) + q[1] * s) * (1 - t) + (q[2] * (1 - s) + q[3] * s) * t)) : missing;
    image.data.set([...colour, 255], 4 * (b * w + a));
  }
  c.putImageData(image, Math.round(p.left * r), Math.round(p.top * r));
  c.setTransform(r, 0, 0, r, 0, 0);
  c.strokeStyle = 'rgba(255,255,255,.6)';
  c.lineWidth = 0.8;
  c.beginPath();
  for (const level of data.levels[state.field]) contour(p, c, v, level);
  c.stroke();
  c.strokeStyle = c.fillStyle = style('--soft');
  c.font = '12px system-ui, sans-serif';
  c.strokeRect(p.left, p.top, p.w, p.h);
  c.textAlign = 'center';
  for (const t of ticks(data.x.first, data.x.last, p.w / 60)) c.fillText(text(t), px(p, t), p.top + p.h + 16);
  c.textAlign = 'right';
  for (const t of ticks(data.y.first, data.y.last, p.h / 40)) c.fillText(text(t), p.left - 5, py(p, t) + 4);
  const inside = m => m.x >= data.x.first && m.x <= data.x.last && m.y >= data.y.first && m.y <= data.y.last;
  data.models.forEach((m, i) => { if (inside(m)) dot(c, px(p, m.x), py(p, m.y), m, i); });
}

function contour(p, c, v, level) {  // marching squares; the centre decides a saddle
  for (let j = 0; j + 1 < ny; ++j) for (let i = 0; i + 1 < nx; ++i) {
    const corner = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]], q = corner.map(([a, b]) => v[b * nx + a]);
    if (!q.every(known)) continue;
    const cut = [];
    for (let k = 0; k < 4; ++k) {
      const m = (k + 1) % 4;
      if ((q[k] >= level) === (q[m] >= level)) continue;
      const t = (level / 2 - q[k] / 2) / (q[m] / 2 - q[k] / 2), [a, b] = corner[k], [d, e] = corner[m];
      cut.push([px(p, at(data.x, a) + t * (at(data.x, d) - at(data.x, a))), py(p, at(data.y, b) + t * (at(data.y, e) - at(data.y, b)))]);
    }
    const mean = q[0] / 4 + q[1] / 4 + q[2] / 4 + q[3] / 4;
    if (cut.length === 4 && (mean >= level) !== (q[0] >= level)) cut.unshift(cut.pop());
    for (let k = 0; k < cut.length; k += 2) { c.moveTo(...cut[k]); c.lineTo(...cut[k + 1]); }
  }
}

function dot(c, x, y, m, i) {  // with the number that the list below gives the model
  c.lineWidth = 1.6;
  c.strokeStyle = m.distance > 0 ? '#e11d48' : '#fff';
  c.fillStyle = m.distance > 0 ? '#fff' : '#e11d48';
  c.beginPath();
  c.arc(x, y, 8, 0, 7);
  c.fill();
  c.stroke();
  c.fillStyle = m.distance > 0 ? '#9f1239' : '#fff';
  c.font = 'bold 10px system-ui, sans-serif';
  c.textAlign = 'center';
  c.fillText(i + 1, x, y + 3.5);
}

const spot = (p, x, y, t) => {  // x, y in the plane, t from 0 to 1 upwards; gives pixels and depth
  const most = Math.hypot(span(data.x), span(data.y)) / 2;
  const a = (x - data.x.first - span(data.x) / 2) / most, b = (y - data.y.first - span(data.y) / 2) / most;
  const u = a * Math.cos(state.turn) - b * Math.sin(state.turn), d = a * Math.sin(state.turn) + b * Math.cos(state.turn);
  const k = Math.min(p.wide * 0.47, p.tall * 0.62);
  return [p.wide / 2 + k * u, p.tall * 0.52 - k * (d * Math.cos(state.tilt) + (t - 0.5) * 0.9 * Math.sin(state.tilt)), d];
};
const height = v => Math.min(Math.max(place(v), 0), 1);

function drawSolid(p) {
  const c = p.base.getContext('2d'), v = p.s[state.field], faces = [];
  c.setTransform(p.ratio, 0, 0, p.ratio, 0, 0);
  p.spots = v.map((z, n) => known(z) ? spot(p, at(data.x, n % nx), at(data.y, Math.floor(n / nx)), height(z)) : null);
  for (let j = 0; j + 1 < ny; ++j) for (let i = 0; i + 1 < nx; ++i) {
    const n = j * nx + i, q = [n, n + 1, n + nx + 1, n + nx], s = q.map(k => p.spots[k]);
    if (s.every(Boolean)) faces.push([s[0][2] + s[1][2] + s[2][2] + s[3][2], s, q.reduce((t, k) => t + place(v[k]) / 4, 0)]);
  }
  faces.sort((a, b) => b[0] - a[0]);  // far ones first
  c.lineWidth = 0.7;
  for (const [, s, t] of faces) {
    c.fillStyle = c.strokeStyle = css(t);
    c.beginPath();
    s.forEach(([x, y]) => c.lineTo(x, y));
    c.closePath();
    c.fill();
    c.stroke();
  }
  data.models.forEach((m, i) => {
    const n = nearest(m.x, m.y);
    if (n !== null && p.spots[n]) dot(c, p.spots[n][0], p.spots[n][1] - 8, m, i);
  });
}
)js";

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
