"""What the unsubscribe page says, in the languages of the mails."""

from __future__ import annotations

WORDS = {
    "en": {
        "language": "en",
        "skip": "Skip to the content",
        "ask_title": "No more newsletters?",
        "ask": "Press the button, and this address gets no newsletter from us any more.",
        "button": "Unsubscribe",
        "over_title": "Done: no more newsletters",
        "over": "This address gets no newsletter from us any more. It takes effect at once.",
        "undo": "That was a mistake: send them again",
        "again_title": "Welcome back",
        "again": "Newsletters come to this address again.",
        "still_title": "Newsletters stay off",
        "still": "Something else keeps newsletters from this address: ask the office to lift it.",
        "other_mail": "Mail that you need, such as a reminder of your course or a bill, still comes.",
        "address": "Address",
        "list": "Newsletter",
        "dead_title": "This link does not work",
        "dead": "It is not whole, or it comes from a test mail. Copy the whole link from the mail, "
        "or answer the mail and ask to be taken off.",
    },
    "zh": {
        "language": "zh",
        "skip": "跳到正文",
        "ask_title": "不再接收邮件通讯？",
        "ask": "点击按钮后，我们将不再向此地址发送邮件通讯。",
        "button": "退订",
        "over_title": "已退订",
        "over": "我们不再向此地址发送邮件通讯，立即生效。",
        "undo": "点错了：继续接收",
        "again_title": "欢迎回来",
        "again": "此地址将继续收到邮件通讯。",
        "still_title": "仍不发送邮件通讯",
        "still": "此地址因其他原因仍不能接收邮件通讯，请联系办公室解除。",
        "other_mail": "与您有关的必要邮件（如课程提醒、账单）仍会发送。",
        "address": "邮箱地址",
        "list": "邮件通讯",
        "dead_title": "此链接无效",
        "dead": "链接不完整，或来自测试邮件。请从邮件中复制完整链接，或直接回复邮件要求退订。",
    },
}
