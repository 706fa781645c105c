// SPDX-License-Identifier: BSD-3-Clause
// The style sheet of a surface's page.
#ifndef SQWA_SURFACE_HTML_STYLE_HPP
#define SQWA_SURFACE_HTML_STYLE_HPP

#include <sqwa/core/config.hpp>

#include <string_view>

namespace sqwa::inline SQWA_ABI {

namespace detail {

inline constexpr std::string_view html_style = R"css(
:root { color-scheme: light dark; --ground: #fff; --panel: #f4f5f7; --ink: #1b1f24; --soft: #4b5563; --line: #c3c8d0;
  --accent: #1d4ed8; --missing: #d1d5db; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171c; --panel: #1e2229; --ink: #f3f4f6; --soft: #b6bdc8; --line: #454c58; --accent: #93b4ff;
    --missing: #4b5563; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1280px; padding: 16px; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.35rem; margin: 0 0 12px; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 20px 0 6px; }
#controls { display: flex; flex-wrap: wrap; gap: 8px 14px; margin-bottom: 12px; }
fieldset { border: 1px solid var(--line); border-radius: 8px; padding: 2px 10px 6px; margin: 0; min-width: 0; }
legend { color: var(--soft); font-size: .8rem; padding: 0 4px; }
label { display: inline-flex; align-items: center; gap: 5px; margin-right: 10px; padding: 3px 0; cursor: pointer;
  overflow-wrap: anywhere; }
input { accent-color: var(--accent); margin: 0; width: 16px; height: 16px; flex: none; }
label:has(:disabled) { color: var(--soft); opacity: .6; cursor: default; }
#panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 14px; }
figure { margin: 0; min-width: 0; background: var(--panel); border-radius: 10px; padding: 10px; }
figure[hidden] { display: none; }
figcaption { font-weight: 600; margin-bottom: 6px; overflow-wrap: anywhere; }
canvas { display: block; width: 100%; touch-action: pan-y; border-radius: 4px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
#bar { display: grid; grid-template-columns: auto 1fr auto; gap: 8px; align-items: center; margin: 12px 0; max-width: 640px;
  font-variant-numeric: tabular-nums; }
#bar div { height: 14px; border-radius: 3px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 12px 4px 0; text-align: left; border-bottom: 1px solid var(--line); }
td { min-width: 6.5em; }
thead th { color: var(--soft); font-weight: 500; }
.hint { color: var(--soft); margin: 8px 0; }
)css";

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
