#pragma once

#include <string_view>

namespace pareto::reporting {

// Colours of text have a contrast of at least 4.5 to their ground, in light and dark.
inline constexpr std::string_view kPageStyle = R"(
:root{color-scheme:light dark;--ground:#fff;--raised:#f5f7f9;--text:#1f2328;--muted:#59636e;--edge:#d9dee3;
--link:#0a58b5;--pass:#d7f2e1;--fail:#fbdedd;--part:#fdf0cf;--error:#e4e1fb}
@media(prefers-color-scheme:dark){:root{--ground:#15181c;--raised:#1e2329;--text:#e6e9ec;--muted:#9aa4ae;
--edge:#353c44;--link:#7db4ff;--pass:#12472c;--fail:#5c2322;--part:#574308;--error:#3b3470}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1120px;padding:1.5rem 1rem 4rem;background:var(--ground);color:var(--text);
font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.3rem;margin:2.5rem 0 .5rem;border-top:1px solid var(--edge);padding-top:1rem}
h3{font-size:1.05rem;margin:2rem 0 .5rem}small{color:var(--muted);font-weight:400;white-space:nowrap}
h2 small,h3 small{white-space:normal;margin-left:.35rem}
a{color:var(--link)}:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
table{overflow-wrap:normal}th,td{padding:.35rem .7rem;border-bottom:1px solid var(--edge);text-align:right;white-space:nowrap;vertical-align:top}
td small{display:block}
thead th{color:var(--muted);font-weight:600;vertical-align:bottom;white-space:normal;max-width:14rem;overflow-wrap:break-word}
th:first-child{text-align:left;position:sticky;left:0;background:var(--ground)}
tbody th{max-width:22rem;white-space:normal;overflow-wrap:break-word}
.matrix td{text-align:left}.matrix thead th{text-align:left}
.matrix .scroll{max-height:36rem;overflow:auto}.matrix thead th{position:sticky;top:0;background:var(--ground);z-index:1}
.matrix thead th:first-child{z-index:2}
.mark{display:inline-block;min-width:3.2em;padding:0 .4em;border-radius:.3em;text-align:center;color:var(--text);text-decoration:none}
a.mark:hover{text-decoration:underline}
.pass{background:var(--pass)}.fail{background:var(--fail)}.part{background:var(--part)}.error{background:var(--error)}
.verdict{margin:.5rem 0;padding:.6rem .9rem;background:var(--raised);border-radius:.4rem}
.verdict b{display:block}.note{color:var(--muted);margin:.25rem 0}
figure{margin:1rem 0}.plot{display:block;width:100%;max-width:720px;height:auto}.narrow{display:none}
pre{margin:.25rem 0 .75rem;padding:.6rem .8rem;background:var(--raised);border-radius:.4rem;font-size:.8125rem;
line-height:1.45;overflow-x:auto;max-height:28rem;white-space:pre-wrap}
.lines{white-space:pre;overflow-wrap:normal}code,pre{font-family:ui-monospace,monospace}.who{margin:.5rem 0 0;color:var(--muted);font-size:.875rem}
details{margin:.35rem 0;padding:.15rem .8rem;border:1px solid var(--edge);border-radius:.4rem}
summary{cursor:pointer;padding:.25rem 0}dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;font-size:.875rem}
dt{color:var(--muted)}dd{margin:0}
.run{display:none}.run:target{display:block}
@media(max-width:600px){.wide{display:none}.narrow{display:block}th,td{padding:.3rem .5rem}
th:first-child{min-width:6.5rem;max-width:42vw}}
@media print{.run{display:block}.scroll,.matrix .scroll,pre{overflow:visible;max-height:none}}
)";

}  // namespace pareto::reporting
