"""Speech on a telephone line: characters wrong, seconds of a core for a second of speech, delay after the last word.

Calls are made here: sentences of citizens and agents, spoken by the platform's voice and by the same voice lowered by a fifth, at
8 kHz through G.711's levels, over silence and over noise. What is measured beside: real time itself, and the activity alone.
One recorded person's sentence (`../shared/data/audio`, or XINSHENG_DATA) is heard as it is. Synthesised speech is plainer than
people's: the errors are a floor, not a promise.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from bench.language_models import DATA
from hotline.speech.activity import Activity
from hotline.speech.reading import aloud
from hotline.speech.recognition import Whisper
from hotline.speech.sound import TELEPHONE, Doubler, Samples, Sound, read_wav
from hotline.speech.synthesis import RATE, Speaker
from hotline.speech.transcript import utterance

SENTENCES = (
    "您好，请问有什么可以帮您？",
    "我们小区门口的路灯坏了一个多星期，晚上出门很危险。",
    "请您说一下具体的地址，是哪条路哪个小区？",
    "楼上每天晚上十一点以后还在装修，孩子根本没法睡觉。",
    "我去年交了社保，可是医院说我的医保卡不能用。",
    "麻烦您留一个联系电话，我们会在一个工作日内联系您。",
    "公交车站牌被撞倒了，一直没有人来修。",
    "公司拖欠了我三个月的工资，老板电话也不接。",
    "好的，我已经记录下来了，马上转给相关部门处理。",
    "河边的垃圾堆了很久，夏天味道特别大。",
    "学校门口上下学的时候车子乱停，能不能派人管一管？",
    "谢谢您的来电，请稍后对本次服务做出评价。",
)
NOISES = ((None, "quiet"), (20, "20 dB"), (10, "10 dB"))


def letters(text: str) -> str:
    """Characters and figures as they sound: 3 and 三 are the same."""
    return "".join(sign for sign in aloud(text) if sign.isalnum())


def wrong(heard: str, said: str) -> int:
    """Characters to change, add or take away."""
    row = list(range(len(said) + 1))
    for at, sign in enumerate(heard, 1):
        before, row[0] = row[0], at
        for place, wanted in enumerate(said, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (sign != wanted))
    return row[-1]


def law(samples: Samples) -> Samples:
    """Through the 256 levels of G.711 (µ)."""
    curved = np.sign(samples) * np.log1p(255 * np.abs(np.clip(samples, -1, 1))) / np.log(256)
    levels = np.round(curved * 127) / 127
    return (np.sign(levels) * np.expm1(np.abs(levels) * np.log(256)) / 255).astype(np.float32)


def line(sound: Sound, noise: int | None) -> Samples:
    """As the exchange hears it: half a second before, one after."""
    samples = sound.at(TELEPHONE).samples
    whole = np.concatenate([np.zeros(4000, np.float32), samples, np.zeros(8000, np.float32)])
    if noise is not None:
        level = float(np.sqrt(np.mean(np.square(samples)))) / 10 ** (noise / 20)
        whole = whole + np.random.default_rng(len(samples)).normal(0, level, len(whole)).astype(np.float32)
    return law(whole)


def run() -> dict[str, Any]:
    """The figures."""
    speaker, whisper = Speaker(threads=2), Whisper(threads=2)
    speaker.say("好")
    whisper.hear(np.zeros(16_000, np.float32))
    began, cpu = time.perf_counter(), time.process_time()
    said = [speaker.say(sentence) for sentence in SENTENCES]
    seconds = sum(sound.seconds for sound in said)
    synthesis = (time.perf_counter() - began) / seconds
    synthesis_cpu = (time.process_time() - cpu) / seconds
    lowered = [Sound(Sound(sound.samples, round(RATE * 0.8)).at(RATE).samples, RATE) for sound in said]
    rows, delays = [], []
    hearing = hearing_cpu = finding_cpu = heard_seconds = 0.0
    for sounds, voice in ((said, "voice"), (lowered, "lowered")):
        for noise, name in NOISES:
            errors = length = 0
            for sentence, sound in zip(SENTENCES, sounds, strict=True):
                samples = line(sound, noise)
                start = time.process_time()
                activity = Activity()
                stretches = activity.feed(Doubler()(samples)) + activity.flush()
                finding_cpu += time.process_time() - start
                text = ""
                for stretch in stretches:
                    wall, start = time.perf_counter(), time.process_time()
                    found = utterance(0, stretch, whisper.hear(stretch.samples))
                    delays.append(time.perf_counter() - wall)
                    hearing += delays[-1]
                    hearing_cpu += time.process_time() - start
                    text += found.text if found else ""
                heard_seconds += len(samples) / TELEPHONE
                errors += wrong(letters(text), letters(sentence))
                length += len(letters(sentence))
            rows.append({"voice": voice, "noise": name, "wrong": round(errors / length, 3), "characters": length})
    person: dict[str, Any] = {}
    folder = DATA.parent / "audio"
    for recording in sorted(folder.glob("*.wav")):
        wanted = letters((folder / "text").read_text(encoding="utf-8").split(maxsplit=1)[1])
        (sound,) = read_wav(recording)
        person["a_person_wrong"] = round(wrong(letters(whisper.hear(sound.samples).text), wanted) / len(wanted), 3)
    cost = (hearing_cpu + finding_cpu) / heard_seconds
    return {
        "name": "speech",
        "rows": rows,
        **person,
        "recognition_of_real_time": round(hearing / heard_seconds, 3),
        "recognition_core_seconds_a_second": round(hearing_cpu / heard_seconds, 3),
        "activity_core_seconds_a_second": round(finding_cpu / heard_seconds, 4),
        "channels_that_two_cores_carry": round(2 / cost, 1),
        "delay_after_the_pause_p50": round(statistics.median(delays), 2),
        "delay_after_the_pause_p95": round(sorted(delays)[int(0.95 * (len(delays) - 1))], 2),
        "synthesis_of_real_time": round(synthesis, 2),
        "synthesis_core_seconds_a_second": round(synthesis_cpu, 2),
        "limit": "1 second of speech in 1 second",
        "ratio": round(hearing / heard_seconds, 3),
        "goal": "none is named; ≤ 1 keeps up with one channel that never pauses",
    }
