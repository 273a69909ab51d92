"""What machines say in subjects and texts, in many languages: a mail failed, it is late, nobody is in."""

from __future__ import annotations

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


FAILED_SUBJECT = _any(
    r"undeliver(ed|able)", r"returned (mail|to sender|message)", r"returning (message|mail)",
    r"failure notice", r"failed mail",
    r"deliver(y|ies)[- ](status )?(notification|report|failure|failed|has failed|error|problem)",
    r"deliver(y|ies)[- ](status )?(warning|delayed|incomplete)",
    r"mail (delivery )?(failed|failure|system error|status|delivery status)",
    r"delivery.{0,20}(failed|failure|delayed)", r"(not|could ?n.t) (be )?(delivered|deliver)",
    r"non[- ]?delivery", r"message (delayed|not delivered|undelivered|failed)",
    r"warning: (could not send|message)", r"delivery delayed", r"bounce(d)? (mail|message)",
    r"unzustellbar", r"unable to deliver", r"could not send", r"message status",
    r"nicht (zugestellt|zustellbar)", r"zustell.{0,25}(fehl|status|verz)", r"退信", r"退回",
    r"无法(送达|投递|传递|发送)", r"未(能)?(送达|投递|传递)", r"投递(失败|状态|报告)", r"发送失败",
    r"無法(傳遞|送達)", r"non remis", r"n'a pas (pu être|été) remis", r"notification d.?.?état de remise",
    r"échec de (la )?(remise|distribution)", r"no se (ha |pudo )?entreg", r"mensaje no entregado",
    r"devuelt[oa]", r"mancata consegna", r"impossibile recapitare", r"配信(不能|エラー|できません)",
    r"送信エラー", r"не доставлен", r"недоставлен", r"zwrot (poczty|wiadomości)",
    r"nie (dostarczono|została dostarczona)",
)  # fmt: skip
FAILED_TEXT = _any(
    r"(can|could|would|will)( ?n.t| not) be (delivered|sent|completed)",
    r"(was|were|been)( ?n.t| not)( successfully)? (yet )?(been )?delivered", r"unable to (be )?deliver",
    r"(not|n't) able to deliver", r"undeliver(ed|able)", r"delivery[^.\n]{0,60}(fail|incomplete|delay)",
    r"did not reach", r"failed to (be )?deliver", r"fatal (delivery )?error", r"transient non-fatal",
    r"permanent(ly)? (error|fail)", r"(not|not yet) (been )?delivered",
    r"(has|was|is) (been )?(delayed|returned|rejected)", r"could not (be )?(send|sent|deliver)",
    r"cannot (be )?deliver", r"error.{0,40}(deliver|sending)", r"rejected by", r"unknown user",
    r"user unknown", r"no such user", r"退回", r"退信", r"无法(送达|投递|传递|发送)",
    r"未(能)?(送达|投递|传递)", r"(投递|发送|传递)失败", r"无法.{0,4}(送|投)",
    r"(nicht|fehler).{0,60}(zugestellt|zustellung|zustellen)", r"nachrichtenzustellung", r"unzustellbar",
    r"n'a pas (pu être|été)", r"no se (ha |pudo )", r"recapitare", r"consegnare", r"配信",
    r"送信できません", r"не (может быть|был[ао]?) доставлен", r"nie (udało|udalo) się", r"nie udalo sie",
)  # fmt: skip
DELAYED = _any(
    r"has(n.t| not) (yet )?been delivered", r"not yet been delivered", r"message [^\n]{0,40}delayed",
    r"has been delayed", r"is delayed", r"warning message only", r"do not need to resend",
    r"will (be )?(retr(y|ied)|keep trying|continue)", r"still (being )?(trying|undelivered)",
    r"delivery (incomplete|delayed)", r"delivery attempts will continue", r"no action is required",
    r"delivery status notification \(delay\)", r"verzögert", r"(继续|稍后).{0,6}(尝试|重试|投递)", r"延迟",
    r"(delay|temporary).{0,40}(retry|retries|trying)",
)  # fmt: skip
GIVEN_UP = _any(
    r"given up", r"giving up", r"will not be retried", r"not going to try again", r"permanent", r"放弃",
)  # fmt: skip
ANSWER_OR_FORWARD = re.compile(
    r"\s*((re|aw|wg|fw|fwd|sv|tr|rv|vs|回复|答复|转发|回覆|轉寄)\s*(\[\d+\])?\s*[:：])", re.IGNORECASE
)
# Words that nobody begins a subject with who writes himself; some only where nothing else follows.
_AWAY = (
    r"(automatic(ally generated)? (reply|response|answer)|auto([-_ ]?(reply|response|responder|answer))?)"
    r"\s*([:：(\[–-]|re\b|$)",
    r"out[- ]of[- ](the[- ])?office\s*(:|auto|reply|re\b|notification|message|response|-|–|\]|\)|$)",
    r"ooo\s*[:\]]", r"vacation (reply|response|message)", r"away from (my|the) (office|desk|mail)",
    r"i am (currently )?(away|out of)", r"automatische (antwort|rückantwort|eingangsbestätigung)", r"abwesenheits",
    r"abwesend\s*(:|$)", r"ich bin (nicht im|im urlaub|abwesend)", r"réponse automatique", r"absence du bureau",
    r"respuesta automática", r"fuera de (la )?oficina", r"risposta automatica", r"fuori sede", r"resposta automática",
    r"automatisch antwoord", r"automatis(kt|k) svar", r"odpowiedź automatyczna", r"автоответ",
    r"自动(回复|答复|回信)", r"自動(回覆|回复|返信|応答|回信)", r"外出自动", r"休假自动", r"不在办公室",
)  # fmt: skip
AWAY_SUBJECT = re.compile(rf"^\s*((re|aw|回复|答复)\s*[:：]\s*)?[\[(]?\s*({'|'.join(_AWAY)})", re.IGNORECASE)
UNSUBSCRIBES = frozenset({
    "unsubscribe", "unsubscribe me", "please unsubscribe", "please unsubscribe me", "stop", "remove", "remove me",
    "please remove me", "opt out", "optout", "cancel subscription", "abmelden", "bitte abmelden", "abbestellen",
    "bitte abbestellen", "austragen", "bitte austragen", "newsletter abmelden", "newsletter abbestellen",
    "退订", "td", "取消订阅", "退訂", "取消訂閱", "请退订", "désabonner", "se désabonner", "désinscription",
    "darse de baja", "baja", "cancellami",
})  # fmt: skip
