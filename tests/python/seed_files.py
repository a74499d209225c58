"""The artifacts of the seed: one file of every kind that Flowdeck previews, and some that it cannot."""

import json
import random
from pathlib import Path

from PIL import Image, ImageDraw

REPORT = """\
# Weekly OTIF report

The model **beats last week's** by 4.1 %. See `metrics/by_carrier.csv`.

| Carrier | RMSE | MAPE |
|:--|--:|--:|
| Nordfracht | 0.081 | 6.2 % |
| Vistula Cargo | 0.094 | 7.0 % |

- [x] holidays
- [ ] weather

> Trained on 2026-W47.

![residuals](residuals.png) and [the wiki](https://example.com/otif)
"""
SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180" width="320" height="180">
<rect width="320" height="180" fill="#f7f9fc"/>
<polyline points="10,160 60,120 110,130 160,80 210,90 260,40 310,30" fill="none" stroke="#2f6fde" stroke-width="4"/>
<circle cx="260" cy="40" r="7" fill="#d9480f"/></svg>
"""
CONFIG = """\
# Training
model:
  kind: gradient_boosting
  depth: 6
features: [backlog, capacity, weekday, "is holiday"]
window: {train: 52w, test: 4w}
"""


def chart(width: int, height: int, seed: int) -> Image.Image:
    """A line over a grid: a picture that shows when it is scaled or coloured wrongly."""
    random_ = random.Random(seed)
    image = Image.new("RGB", (width, height), "#ffffff")
    draw = ImageDraw.Draw(image)
    for x in range(0, width, 40):
        draw.line([(x, 0), (x, height)], fill="#e5e9f0")
    for y in range(0, height, 40):
        draw.line([(0, y), (width, y)], fill="#e5e9f0")
    level, points = height / 2, []
    for x in range(0, width, 8):
        level = min(max(level + random_.uniform(-18, 17), 8), height - 8)
        points.append((x, level))
    draw.line(points, fill="#2f6fde", width=3)
    return image


def write_artifacts(folder: Path) -> None:
    """Fills `folder` with everything at once."""
    for name in ["metrics", "plots", "data/raw/2026/week 47", "ünïcödé ordner"]:
        (folder / name).mkdir(parents=True)
    (folder / "README.md").write_text(REPORT)
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "log.txt").write_text("".join(f"2026-11-20 08:{n // 60:02}:{n % 60:02} INFO epoch {n}\n" for n in range(400)))
    (folder / "empty.txt").write_text("")
    (folder / "metrics/summary.json").write_text(json.dumps({"rmse": 0.0812, "by_week": [0.09, 0.085], "ok": True, "note": None}))
    rows = [f"{carrier},{week},{0.9 - week / 400:.4f},\"late, partly\"" for carrier in ["Nordfracht", "Łódź Cargo"] for week in range(1, 53)]
    (folder / "metrics/by_carrier.csv").write_text("carrier,week,otif,remark\n" + "\n".join(rows) + "\n")
    chart(640, 360, 1).save(folder / "plots/residuals.png")
    chart(640, 360, 2).save(folder / "plots/forecast.jpg", quality=85)
    chart(320, 180, 3).save(folder / "plots/small.webp", lossless=True)
    frames = [chart(160, 90, seed).convert("P") for seed in range(4, 8)]
    frames[0].save(folder / "plots/training.gif", save_all=True, append_images=frames[1:], duration=300, loop=0)
    (folder / "plots/trend.svg").write_text(SVG)
    (folder / "plots/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"not an image" * 8)
    (folder / "data/raw/2026/week 47/orders & loads #1.csv").write_text("order,load\n1,GDN-4711\n")
    (folder / "ünïcödé ordner/größe 100 %.txt").write_text("Zażółć gęślą jaźń 日本語 🚚\n")
    (folder / "latin1.txt").write_bytes("Größe: 5 µm\n".encode("latin-1"))
    (folder / "weights.bin").write_bytes(random.Random(9).randbytes(200_000))
    line = "2026-11-20T08:00:00Z carrier=Nordfracht load=GDN-4711 status=late minutes=42 depot=Łódź\n"
    (folder / "big.log").write_text(line * (6_000_000 // len(line.encode()) + 1))
