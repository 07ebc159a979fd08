"""Secrets that are known by their own form: tokens that begin as their issuer says, JWTs, bare key bodies.

No word beside them is needed, and none is looked at: those rules are in `keyed` and `credentials`. Forms
are facts from the issuers' documentation and secret-scanning pages; where an issuer does not document the
length, the bound is below the shortest that is seen in the wild.

Each is a run of 16 or more letters, digits, `-` and `_` (or holds one), so `RuleBook` looks at the distinct
long runs of a text, and at these patterns only in lines with a run that begins like a token.
"""

from __future__ import annotations

import re

from tai.text.rules import PatternRule

# Parts of a token may be joined by dots and other signs; the long part shows only by the sign before it.
_BEHIND_SIGN = ""
_SIGNS = (
    r"(?:[.]|/0)(?=[\w-]{20})(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])|[.](?:[0-9a-f]{64}|[0-9A-Z]{24}\b)|"
    r"~|:AA|%3AAA|:[a-z0-9]{54}\b|\*[0-9A-F]{40}"
)

# (kind, how a long run begins that may be one, the form itself). Upper and lower case count. On the left
# stands something that is no letter or digit.
_TOKENS = (
    # clouds
    ("aws_key_id", r"A[KSB]IA|ACCA", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
    (
        "aws_session_token",
        r"IQoJb3|FwoGZX|AQoDYX",
        r"(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|AQoDYXdz)[A-Za-z0-9+/=%]{100,}",
    ),
    ("gcp_api_key", r"AIza", r"AIza[\w-]{35}"),
    ("gcp_oauth", r"GOCSPX-", r"ya29\.[\w.-]{20,}|GOCSPX-[\w-]{20,}|1//0[\w-]{20,}"),
    ("azure_client_secret", _BEHIND_SIGN, r"[\w~.-]{3}\dQ~[\w~.-]{31,34}"),
    ("digitalocean_token", r"do[oprt]_v1", r"do[oprt]_v1_[0-9a-f]{64}"),
    ("alibaba_key_id", r"LTAI", r"LTAI[A-Za-z0-9]{16,24}(?![A-Za-z0-9])"),
    ("tencent_key_id", r"AKID", r"AKID[A-Za-z0-9]{32}(?![A-Za-z0-9])"),
    ("yandex_key", r"AQVN", r"AQVN[\w-]{35,38}(?![\w-])|t1\.[\w-]{20,}+=*+\.[\w-]{40,}=*"),
    ("cloudflare_key", _BEHIND_SIGN, r"v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}"),
    ("flyio_token", r"fo1_|fm[12]", r"fo1_[\w-]{40,}|fm[12][ar]?_[A-Za-z0-9+/=_-]{50,}"),
    ("heroku_key", r"HRKU", r"HRKU-[\w-]{30,}"),
    ("scaleway_key", r"SCW", r"SCW[A-Z0-9]{17}(?![A-Za-z0-9])"),
    ("doppler_token", _BEHIND_SIGN, r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,}"),
    # code, packages, builds
    ("github_token", r"gh[pousr]_|github_pat", r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{60,}"),
    (
        "gitlab_token",
        r"gl(?:pat|dt|rtr?|oas|ptt|cbt|agent|imt|ft|soat|ffct|wt)-|GR1348",
        r"gl(?:pat|dt|rtr?|oas|ptt|cbt|agent|imt|ft|soat|ffct|wt)-[\w.-]{20,}|GR1348941[\w-]{20}",
    ),
    ("bitbucket_token", r"ATBB", r"ATBB[A-Za-z0-9]{28,}(?:=[0-9A-F]{8})?"),
    ("atlassian_token", r"AT[AC]TT3", r"AT[AC]TT3[\w=-]{100,}"),
    ("npm_token", r"npm_", r"npm_[A-Za-z0-9]{36}"),
    ("pypi_token", r"pypi-", r"pypi-[\w-]{50,}"),
    ("rubygems_key", r"rubygems_", r"rubygems_[0-9a-f]{48}"),
    ("cargo_token", r"cio", r"cio[A-Za-z0-9]{32}(?![A-Za-z0-9])"),
    ("clojars_token", r"CLOJARS_", r"CLOJARS_[a-z0-9]{60}"),
    ("nuget_key", r"oy2", r"oy2[a-z0-9]{43}(?![A-Za-z0-9])"),
    ("docker_token", r"dckr_", r"dckr_(?:pat|oat)_[\w-]{20,}"),
    ("artifactory_key", r"AKCp|cmVmdGtuO", r"AKCp[A-Za-z0-9]{60,}|cmVmdGtuO[A-Za-z0-9+/=]{40,}"),
    ("terraform_token", _BEHIND_SIGN, r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,}"),
    ("pulumi_token", r"pul-", r"pul-[0-9a-f]{40}"),
    ("prefect_token", r"pn[bu]_", r"pn[bu]_[A-Za-z0-9]{36}"),
    ("octopus_key", r"API-", r"API-[A-Z0-9]{26}(?![A-Za-z0-9])"),
    ("sonar_token", r"sq[upa]_", r"sq[upa]_[0-9a-f]{40}"),
    ("postman_key", r"PMAK-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    # talk and mail
    (
        "slack_token",
        r"xox[a-z]-|xapp-",
        r"xox[a-z]-(?:\d-)?[\w-]{18,}|xapp-\d-[\w-]{18,}|xoxe\.xox[bp]-\d-[\w-]{18,}",
    ),
    ("telegram_token", _BEHIND_SIGN, r"\d{8,10}(?::|%3A)AA[\w-]{33}(?![\w-])"),
    ("discord_token", _BEHIND_SIGN, r"[MNO][A-Za-z\d_-]{22,27}\.[\w-]{6}\.[\w-]{27,40}(?![\w-])"),
    ("twilio_key", r"SK[0-9a-f]{10}", r"SK[0-9a-f]{32}(?![A-Za-z0-9])"),
    ("sendgrid_key", _BEHIND_SIGN, r"SG\.[\w-]{22}\.[\w-]{43}"),
    ("mailgun_key", r"key-", r"key-[0-9a-f]{32}(?![A-Za-z0-9])"),
    ("mailchimp_key", r"us\d", r"[0-9a-f]{32}-us\d{1,2}(?![A-Za-z0-9])"),
    ("brevo_key", r"xkeysib-", r"xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    # money and shops
    (
        "stripe_key",
        r"[srp]k_(?:live|test|prod)|whsec_",
        r"(?:sk|rk|pk)_(?:live|test|prod)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{24,}",
    ),
    ("square_token", r"sq0|EAAA", r"sq0(?:atp|csp|idp)-[\w-]{22,}|EAAA[\w-]{60}(?![\w-])"),
    ("shopify_token", r"shp[a-z]+_", r"shp(?:at|ca|pa|ss|ua|tka)_[0-9a-fA-F]{32}"),
    ("facebook_token", r"EAA", r"EAA[A-Za-z0-9]{90,}"),
    # models
    ("anthropic_key", r"sk-ant", r"sk-ant-[\w-]{30,}"),
    (
        "openai_key",
        r"sk-",
        r"sk-(?:proj-|svcacct-|admin-|or-v1-|None-)?(?=[\w-]{0,40}\d)[A-Za-z0-9][\w-]{31,}",
    ),
    ("huggingface_token", r"hf_|api_org_", r"(?:hf_|api_org_)[A-Za-z0-9]{30,}"),
    ("replicate_token", r"r8_", r"r8_[A-Za-z0-9]{36,}"),
    ("model_api_key", r"gsk_|xai-|pplx-", r"gsk_[A-Za-z0-9]{50,}|xai-[A-Za-z0-9]{70,}|pplx-[A-Za-z0-9]{40,}"),
    # watching and data
    (
        "newrelic_key",
        r"NR[A-Z]{2}-",
        r"NR(?:AK|AL|II|JS|BR|SP)-[A-Za-z0-9_-]{19,}",
    ),
    ("grafana_token", r"gl(?:sa|c)_", r"glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|glc_[A-Za-z0-9+/=]{32,}"),
    ("sentry_token", r"sntry", r"sntry[a-z]_[A-Za-z0-9+/=_]{40,}"),
    ("dynatrace_token", _BEHIND_SIGN, r"dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    ("databricks_token", r"dapi", r"dapi[0-9a-f]{32}(?:-\d)?"),
    ("planetscale_token", r"pscale_", r"pscale_(?:tkn|pw|oauth)_[\w.=-]{32,}"),
    ("supabase_key", r"sbp_|sb_secret", r"sbp_[0-9a-f]{40}|sb_secret_[\w-]{20,}"),
    ("airtable_token", _BEHIND_SIGN, r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    ("linear_key", r"lin_", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
    ("notion_token", r"secret_|ntn_", r"secret_[A-Za-z0-9]{43}(?![A-Za-z0-9])|ntn_[A-Za-z0-9]{40,}"),
    ("figma_token", r"fig[dou]", r"fig[dou]r?_[\w-]{40,}"),
    # machines, networks, vaults
    (
        "vault_token",
        _BEHIND_SIGN,
        r"hv[sbr]\.[\w-]{20,}|(?<![\w.])s\.(?=[A-Za-z]*\d)(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{24}(?![\w.])",
    ),
    ("tailscale_key", r"tskey-", r"tskey-[\w-]{16,}"),
    (
        "onepassword_token",
        r"ops_|A3-",
        r"ops_eyJ[\w-]{100,}|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{5,6}-){4,5}[A-Z0-9]{5}",
    ),
    ("openshift_token", _BEHIND_SIGN, r"sha256~[\w-]{43}"),
    ("rancher_token", _BEHIND_SIGN, r"(?:token|kubeconfig)-[\w.-]{5,40}:[a-z0-9]{54}"),
    ("k3s_token", r"K10", r"K10[0-9a-f]{64}::[\w.-]++:[\w.-]+"),
    ("age_key", r"AGE-SECRET", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    ("jwt", r"eyJ|ZXlK", r"eyJ[\w-]{8,1000}+\.[\w-]{4,}(?:\.[\w-]*){0,3}|ZXlK[A-Za-z0-9+/]{60,}={0,2}"),
    ("kerberos_keytab", r"BQIAAA", r"BQIAAA(?:[A-Za-z0-9+/]|%2[BFbf]){34,}(?:=|%3[Dd]){0,2}"),
    ("postgres_hash", r"md5[0-9a-f]{32}", r"md5[0-9a-f]{32}(?![A-Za-z0-9])"),
    ("mysql_hash", _BEHIND_SIGN, r"\*[0-9A-F]{40}(?![A-Za-z0-9])"),
)

RULES = (
    PatternRule(
        kind="token",
        pattern=re.compile(
            "(?<![A-Za-z0-9])(?:" + "|".join(f"(?P<{kind}>{form})" for kind, _, form in _TOKENS) + ")"
        ),
        # behind a sign, at the beginning of the run, or behind any - or _ in it
        likely=re.compile(
            rf"{_SIGNS}|(?s:.)(?:[^_-]*+[_-])*?(?:{'|'.join(filter(None, (begins for _, begins, _ in _TOKENS)))})".encode()
        ),
    ),
)
