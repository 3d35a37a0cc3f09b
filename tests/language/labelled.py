"""Made-up messages with labels, for tests of models: own sentences, no real ones."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from hotline.language.evaluate import Example

SUBJECTS = {
    "城乡建设/物业/停车": ("小区停车费乱涨", "物业公司 车位 停车 收费 业主 地下车库 道闸"),
    "城乡建设/物业/电梯": ("电梯又坏了", "电梯 困人 维保 物业 维修基金 高层 楼道"),
    "城乡建设/违建": ("楼顶违法搭建", "违章建筑 加盖 楼顶 拆除 规划 城管 阳光房"),
    "环境保护/噪声": ("夜间施工噪声", "噪声 扰民 工地 打桩 半夜 环保 分贝"),
    "环境保护/废气": ("工厂排放废气", "废气 刺鼻 气味 工厂 烟囱 污染 空气"),
    "教育文体/招生": ("孩子入学学位", "学校 招生 入学 学位 学区 孩子 教育局"),
    "教育文体/收费": ("培训班不退费", "培训 退费 课程 补习 学费 机构 老师"),
}
PLACES = ("东风路", "和平小区", "建设大道", "三里社区", "河西新村", "解放西街")
ENDINGS = ("请尽快处理", "希望有关部门核实", "多次反映没有结果", "盼回复")


def messages(count: int = 140, seed: int = 7) -> list[Example]:
    """`count` messages, labels in turn."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        label = list(SUBJECTS)[number % len(SUBJECTS)]
        title, vocabulary = SUBJECTS[label]
        picked = chance.sample(vocabulary.split(), 4)
        text = f"{chance.choice(PLACES)}{chance.randrange(1, 99)}号，{'，'.join(picked)}，{chance.choice(ENDINGS)}。"
        made.append(Example(str(number), label, f"{chance.choice(PLACES)}{title}", text))
    return made


def write(path: Path, examples: list[Example], first_level: bool = False) -> Path:
    """As a CSV that `hotline models` reads."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["id", "label", "title", "text"])
        for one in examples:
            rows.writerow([one.id, one.path[0] if first_level else one.label, one.title, one.text])
    return path
