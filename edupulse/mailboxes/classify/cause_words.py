from __future__ import annotations

# Cause -> patterns, without regard to case. What is about us (spam, a block) comes first: a person is not to blame.
WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("domain_auth", (
        r"unauthenticated", r"\bdmarc\b", r"\bspf\b.{0,40}(fail|check|record|reject)",
        r"\bdkim\b.{0,40}fail",
    )),
    ("spam", (
        r"considered (to be )?(un(solicited|wanted)|spam|junk)",
        r"(as|is|be|looks like|suspicion of|suspected) (a )?(spam|junk|unsolicited|bulk)",
        r"spam (message|content|detected|score|filter|firewall|engine)", r"DT:SPM",
        r"unsolicited (mail|e-?mail|bulk)", r"垃圾邮件", r"content denied", r"内容.{0,12}(拒|敏感|违规)",
    )),
    ("blocked", (
        r"black.?list", r"block.?list", r"deny.?list", r"\b(dns|r)bl\b", r"spamhaus", r"spamcop",
        r"barracudacentral", r"(client|sender|ip|host)[^.\n]{0,60}\bblocked",
        r"blocked (using|by|because|due|for)", r"has been blocked", r"poor reputation", r"bad reputation",
        r"low reputation", r"\bbanned\b", r"黑名单", r"信誉", r"sender (address )?(rejected|denied)",
        r"发件人.{0,10}(拒|黑)", r"access denied,? (banned|sending)",
    )),
    ("too_fast", (
        r"too many (messages|e?-?mails|connections|recipients|requests)", r"rate.?limit", r"throttl",
        r"frequency.{0,12}limit", r"频率", r"receiving mail too quickly", r"receiving mail at a rate",
    )),
    ("mailbox_full", (
        r"(mail)?box.{0,40}(is |was )?(full|over|exceed)", r"(mail)?box size limit",
        r"over.?(its |the )?(disk |storage |mail )?quota", r"quota.{0,12}exceed",
        r"exceed.{0,40}(quota|storage|allowed size|mailbox size|space)", r"out of storage",
        r"in(box|-box) (is )?full", r"not enough (storage|space|disk)",
        r"insufficient (system )?(storage|space)", r"disk quota", r"quotaexceeded", r"postfach.{0,30}voll",
        r"(邮箱|信箱|空间).{0,10}(已|爆)?满", r"空间不足", r"超出.{0,6}(配额|容量)",
        r"容量.{0,6}(已满|不足)",
    )),
    ("too_large", (
        r"(message|mail|size).{0,30}(too (large|big)|exceeds?.{0,30}(size|maximum|limit|fixed))",
        r"size limit", r"exceeds? (the )?(max|size)", r"zu groß", r"邮件.{0,6}(过大|太大)",
        r"超过.{0,12}(大小|限制)",
    )),
    ("mailbox_disabled", (
        r"(account|mailbox|user|address|recipient|box).{0,50}(disabled|deactivated|suspended|"
        r"discontinued|inactive|locked|closed|blocked|expired|terminated|not active|no longer (active|"
        r"valid|available|in use|accept))",
        r"(disabled|inactive|suspended|locked|closed|expired) (account|mailbox|user|recipient)",
        r"no longer (employed|works)", r"deaktiviert", r"gesperrt",
        r"((?<!不存在或已被)冻结|停用|禁用|注销|已关闭|锁定)",
    )),
    ("moved", (
        r"has (moved|changed).{0,30}(address|mailbox)", r"user (has )?moved", r"user not local; please try",
        r"new address is", r"address(e)? (has )?changed",
    )),
    ("restricted", (
        r"not (authori[sz]ed|allowed|permitted).{0,40}(send|post|mail|submit)",
        r"only accepts? (messages|mail)", r"allowed senders", r"sendernotauthenticated",
        r"not accepting (mail|messages)", r"don'?t have permission",
        r"does not accept (mail|messages) from", r"authentication required", r"restricted",
    )),
    ("unreachable", (
        r"not found, try again", r"temporar.{0,20}lookup",
    )),
    ("domain_unknown", (
        r"(host|domain)( name)?[^:\n]{0,60}(not found(?!, try)|unknown|does ?n.?t exist|does not exist|"
        r"could not be found|non-?existent)",
        r"no such (host|domain)", r"(no|any) (such )?(host|domain)s?( named)", r"unrouteable",
        r"unroutable", r"nxdomain", r"no mx", r"bad (host|domain)", r"no route to domain",
        r"unknown (host|domain)", r"invalid domain", r"domain.{0,30}invalid",
        r"(域名|主机).{0,12}(不存在|无法解析|找不到)", r"domainnonexistent", r"null mx",
        r"(MX|DNS).{0,30}(point to non-existent|not exist)",
    )),
    ("mailbox_unknown", (
        # Microsoft 365 says so of everybody who is not in its directory.
        r"recipient address rejected: access denied",
        r"(no such|unknown|invalid|non-?existent|unknown or illegal|not a valid|bad|"
        r"undefined) (local )?(user|mail ?box|recipient|rcpt|account|alias|person|address|destination|"
        r"e-?mail|local[- ]?part|addressee)",
        r"(user|mail ?box|recipient|account|person|addressee|alias|address|id|name|"
        r"destination).{0,60}\b((is |was )?(unknown|not (be )?found|invalid|unavailable|not (a )?known|"
        r"not listed|not exist|no such|not valid|not recogni[sz]ed)|(does ?n.?t|do ?n.?t|does not|do not|"
        r"did not|didn.?t) (exist|match)|(could|can)(n.t| ?not) be found|has no|is not (a|one|in|on|our))",
        r"no (mail ?box|user|person|account|recipient|one|address)( here)?( by| with| of| found| such| matching|\b)",
        r"(not|n't) (have|find) (a|an|any|such)?.{0,20}(account|user|mail ?box)", r"wasn.t found",
        r"recip(ient)?notfound", r"not listed in", r"couldn.t be found", r"(could|konnte) nicht gefunden",
        r"unbekannt", r"existiert nicht", r"does not like recipient",
        r"(收件人|用户|邮箱|帐号|账号|地址|帐户|账户)[^\n]{0,80}(不存在|无效|错误|未找到|找不到)",
        r"不存在", r"查无此", r"没有.{0,4}(用户|收件人)",
    )),
    ("relay", (
        r"relay(ing)?.{0,30}(denied|not (permitted|allowed)|prohibited|access)", r"unable to relay",
        r"not local",
    )),
    ("loop", (
        r"\bloop", r"too many hops", r"hop ?count", r"转发.{0,4}循环",
    )),
    ("expired", (
        r"queue.{0,10}(too long|expired)", r"(message|delivery) (has )?expired", r"message too old",
        r"retry time(out)? (not reached|exceeded)", r"(could not|couldn.t|not) be delivered for \d+",
        r"delivery time expired", r"given up", r"gave up", r"giv(e|ing) up after", r"tried \d+ times",
        r"maximum .{0,20}(time|attempts|retries)",
    )),
    ("unreachable", (
        r"timed? ?out", r"connection (refused|dropped|lost|reset)", r"no route",
        r"(network|host) is unreachable", r"lost connection", r"could ?n.t connect", r"cannot connect",
        r"unable to connect", r"connect to", r"not? accept our requests", r"transport error",
        r"name service", r"lookup.{0,10}fail", r"temporary lookup", r"无法连接", r"连接.{0,6}(超时|失败)",
        r"超时", r"temporarily unreachable", r"not responding",
    )),
    ("later", (
        r"gr[ea]y.?list", r"temporar", r"try (again|later)", r"later", r"暂时", r"稍后", r"deferred",
    )),
    ("policy", (
        r"polic(y|ies)", r"administrative(ly)? (prohibit|reject)", r"prohibited", r"not accepted",
        r"message (was )?rejected", r"rejected by", r"拒绝", r"拒收",
    )),
)  # fmt: skip
