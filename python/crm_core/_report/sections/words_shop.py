"""The texts of the sections on the shop: 4, 5 and 9 to 15."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "missing_months": (
        "No month is over yet.",
        "まだ1か月が終わっていません。",
    ),
    # 4. Months.
    "months": ("New and repeat by month", "新規とリピート"),
    "months_question": (
        "How much do new and repeat customers bring? Whole months; an order is new if it is the "
        "customer's first. The line across a bar is the same month a year before.",
        "新規とリピートの売上は。終わった月のみ。最初の注文が新規、2回目以降がリピート。"
        "棒の横線は前年同月。",
    ),
    "months_title_up": (
        "12 months to {month}: {amount}, {change} on the year before ({before}); {repeat} is from "
        "repeat customers",
        "{month}までの12か月の売上は{amount}、前年({before})より{change}。うちリピート{repeat}",
    ),
    "months_title_down": (
        "12 months to {month}: {amount}, {change} on the year before ({before}); {repeat} is from "
        "repeat customers",
        "{month}までの12か月の売上は{amount}、前年({before})より{change}。うちリピート{repeat}",
    ),
    "months_title_unclear": (
        "12 months to {month}: {amount}, no clear change against the year before ({before}, "
        "{change}); "
        "{repeat} is from repeat customers",
        "{month}までの12か月の売上は{amount}、前年({before})とはっきりした差なし({change})。"
        "うちリピート{repeat}",
    ),
    "months_title_too_few": (
        "12 months to {month}: {amount}; the year before {before} ({change}), too few customers to "
        "compare; {repeat} is from repeat customers",
        "{month}までの12か月の売上は{amount}(前年{before}、{change}。"
        "比較するには顧客が少なすぎます)。うちリピート{repeat}",
    ),
    "months_title_alone": (
        "{months} months to {month}: {amount}",
        "{month}までの{months}か月の売上は{amount}",
    ),
    "months_said": (
        "Revenue of the twelve months to {month}: {moved}.",
        "{month}までの12か月の売上: {moved}。",
    ),
    "year_before": ("the twelve months before", "その前の12か月"),
    "months_figure": ("Revenue by month", "月別売上"),
    "months_repeat": ("Repeat", "リピート"),
    "months_new": ("New", "新規"),
    "months_guest": ("Guests", "ゲスト"),
    "months_before": ("A year before", "前年同月"),
    "months_title_one": ("{month}: {amount}", "{month}の売上は{amount}"),
    "months_peak": (
        "The strongest of the last {months} months is {month}: {amount}.",
        "直近{months}か月で最も売れた月は{month}({amount})。",
    ),
    "months_running": (
        "The month that is not over ({amount} so far) is left out.",
        "途中の月(現時点で{amount})は除いています。",
    ),
    "months_month": ("Month", "月"),
    "months_revenue": ("Revenue", "売上"),
    "months_orders": ("Orders", "注文数"),
    "months_new_customers": ("New customers", "新規顧客数"),
    "months_repeaters": ("Repeat customers", "リピート顧客数"),
    "months_change": ("On a year before", "前年同月比"),
    # 5. Coming back.
    "again": ("The second order (F2)", "F2転換率"),
    "again_question": (
        "Do new customers come back, and from where? The share of new customers with a second "
        "order within 90 days, by the channel of the first; lines are 95 % intervals, grey is a "
        "year before.",
        "新規顧客は戻ってくるか、どこから来た人か。初回購入チャネル別のF2転換率(90日)。"
        "線は95%区間、灰色は前年同月。",
    ),
    "again_title_apart": (
        "New customers of {best} come back most: {high}, of {worst} {low}, {apart} pt apart",
        "最も戻ってくるのは{best}({high})、最も少ないのは{worst}({low})。差は{apart}pt",
    ),
    "again_title_alike": (
        "The channels do not clearly differ: {best} {high}, {worst} {low} ({apart} pt)",
        "チャネルによるはっきりした差なし: {best} {high}、{worst} {low}(差{apart}pt)",
    ),
    "again_title_one": (
        "{rate} of the new customers of {name} come back",
        "{name}の新規の{rate}が戻ってくる",
    ),
    "again_title_months": (
        "The second order by month of the first, {months}",
        "初回月別のF2転換率({months})",
    ),
    "again_channel_said": (
        "New customers of {name}: {now} buy again within 90 days, after {before} a year before "
        "({change}).",
        "{name}の新規のF2転換率は{now}、前年{before}({change})。",
    ),
    "again_channel": ("First channel", "初回チャネル"),
    "again_month": ("First order", "初回月"),
    "again_new": ("New", "新規"),
    "again_rate": ("Came back (95 %)", "F2転換率(95%区間)"),
    "again_dots": ("This year, and grey the year before", "今年と前年(灰)"),
    "again_before": ("A year before", "前年同月"),
    "again_change": ("Change", "差"),
    "again_unclear": ("no clear change ({change})", "はっきりした差なし({change})"),
    "again_too_few": ("too few ({change})", "少なすぎます({change})"),
    # 9. Who.
    "who": ("Who they are, who moved", "顧客の内訳と移動"),
    "who_question": (
        "Who are the customers, and who moved? The portfolio (CPM) of ten segments by orders, "
        "tenure and spending. Churned: no order for longer than the churn days.",
        "どんな顧客がいて、誰が動いたか。購入回数・在籍日数・購入金額による10分類(CPM分析)。"
        "離脱: 基準日数以上注文がない顧客。",
    ),
    "who_title": (
        "In 28 days {up} customers moved up, {left} left, {back} came back; active {before} → "
        "{active}",
        "28日で{up}人が上がり、{left}人が離脱、{back}人が復帰。現役 {before} → {active}",
    ),
    "who_title_alone": ("{active} customers are active", "現役顧客は{active}人"),
    "who_said": (
        "In 28 days more customers left ({left}) than came new or returned ({gained}).",
        "28日間の離脱({left}人)が、新規と復帰の合計({gained}人)を上回りました。",
    ),
    "who_cpm": ("The portfolio", "顧客ポートフォリオ"),
    "moves": ("Moves in 28 days", "28日間の移動"),
    "moves_move": ("Move", "移動"),
    "moves_people": ("People", "人数"),
    "moves_meaning": ("What it is", "意味"),
    "move_new": ("bought for the first time", "初めて購入した"),
    "move_step_up": ("is in a better segment", "上位のセグメントに移った"),
    "move_step_down": ("is in a lesser segment", "下位のセグメントに移った"),
    "move_churn": ("passed the churn days without an order", "基準日数まで注文がなかった"),
    "move_reactivation": ("was churned and bought again", "離脱していたが再び購入した"),
    "who_months": ("The portfolio by month", "ポートフォリオの推移"),
    "who_months_text": (
        "Active customers above the line, churned ones below, at the ends of months.",
        "各月末時点の顧客数。線より上が現役、下が離脱。",
    ),
    "who_rfm": (
        "Customers and revenue by days since the last order and number of orders (RFM)",
        "最終購入からの日数と購入回数別の顧客数・売上(RFM)",
    ),
    "who_cell": ("{people} · {amount}", "{people}人・{amount}"),
    "recency": ("Last order", "最終購入"),
    "recency_5": ("up to 30 days ago", "30日以内"),
    "recency_4": ("31 to 90", "31〜90日"),
    "recency_3": ("91 to 180", "91〜180日"),
    "recency_2": ("181 to 365", "181〜365日"),
    "recency_1": ("more than 365", "366日以上"),
    "frequency_1": ("once", "1回"),
    "frequency_2": ("twice", "2回"),
    "frequency_3": ("3 times", "3回"),
    "frequency_4": ("4 or 5 times", "4〜5回"),
    "frequency_5": ("6 times or more", "6回以上"),
    # 10. Channels.
    "channels": ("Channels", "チャネル"),
    "channels_question": (
        "Which channels pay? Each customer belongs to the channel of the first order, so the rows "
        "add up. LTV is revenue per customer up to these days after it.",
        "どのチャネルが利益になるか。顧客は初回購入のチャネルに数えるため、合計が一致します。"
        "LTVは初回からの日数までの1人あたり売上。",
    ),
    "channels_title": (
        "Value of a customer in {days} days: {best} {high}, {worst} {low}",
        "{days}日LTV: {best} {high}、{worst} {low}",
    ),
    "channels_title_one": (
        "Value of a customer in {days} days: {best} {high}",
        "{days}日LTV: {best} {high}",
    ),
    "channels_title_none": ("Customers by first channel", "初回チャネル別の顧客"),
    "channels_left_out": (
        "{count} channels are left out: fewer than {least} customers, or beyond the first twelve.",
        "顧客{least}人未満、または上位12以外のチャネル{count}件は省略しています。",
    ),
    "channels_channel": ("First channel", "初回チャネル"),
    "channels_new": ("Customers", "顧客数"),
    "channels_revenue": ("Revenue so far", "累計売上"),
    "channels_again": ("Second order in 90 days (95 %)", "F2転換率(95%区間)"),
    "channels_ltv_90": ("LTV 90", "90日LTV"),
    "channels_ltv_360": ("LTV 360", "360日LTV"),
    "channels_cac": ("Cost per customer", "獲得単価"),
    "channels_cost": ("Cost", "費用"),
    "channels_payback": ("Paid back after", "回収日数"),
    "channels_not_yet": ("not yet", "未回収"),
    "channels_costs": (
        "Paid back: the days after which a customer's margin, or without costs of goods the "
        "revenue, has reached the cost.",
        "回収日数: 1人あたりの粗利(原価がない場合は売上)が獲得単価に達するまでの日数。",
    ),
    "channels_since": (
        "Customers who came since {day}, the first date of the costs.",
        "費用の最初の日付({day})以降の新規顧客のみ。",
    ),
    "channels_dear": (
        "· {name} costs more ({cac}) than a customer brings in {days} days",
        "。{name}の獲得単価({cac})は{days}日LTVを上回る",
    ),
    # 11. Products.
    "products": ("Products", "商品"),
    "products_question": (
        "What do customers start with, and go on to? An order with several products counts for "
        "each of them. The ranking adds up the lines of 364 days.",
        "何から始め、次に何を買うか。複数商品の注文はそれぞれの商品に数えます。"
        "売上順位は直近364日の明細の合計。",
    ),
    "products_title": (
        "Who starts with {best} comes back most: {high}; with {worst} {low}",
        "{best}から始めた人が最も戻ってくる({high})。{worst}は{low}",
    ),
    "products_title_top": (
        "{name} brings {share} of the revenue of products",
        "{name}が商品売上の{share}",
    ),
    "products_starts": ("First products", "初回商品別"),
    "products_first": ("First product", "初回商品"),
    "products_new": ("Customers", "顧客数"),
    "products_again": ("Second order in 90 days", "F2転換率"),
    "products_interval": ("95 % interval", "95%区間"),
    "products_ltv": ("LTV 180", "180日LTV"),
    "products_next": ("Most go on to", "次に多い商品"),
    "products_ranking": ("Revenue of lines, 364 days", "商品別売上(明細、364日)"),
    "products_product": ("Product", "商品"),
    "products_revenue": ("Revenue", "売上"),
    "products_share": ("Share", "構成比"),
    # 12. Subscriptions.
    "subscriptions": ("Subscriptions", "定期購入"),
    "subscriptions_question": (
        "How do subscriptions do? Their share in the revenue of 364 days, and who goes on after "
        "each delivery.",
        "定期購入の状況は。直近364日の売上に占める割合と、各回の継続。",
    ),
    "subscriptions_title": (
        "Subscriptions are {share} of the revenue.",
        "定期購入は売上の{share}。",
    ),
    "subscriptions_first": (
        "{rate} go on after the first delivery.",
        "初回の後に{rate}が継続。",
    ),
    "kinds": ("Revenue by kind of order, 364 days", "注文種別の売上(364日)"),
    "kinds_kind": ("Kind", "種別"),
    "kinds_orders": ("Orders", "注文数"),
    "kinds_revenue": ("Revenue", "売上"),
    "kinds_share": ("Share", "構成比"),
    "kind_one_off": ("Ordinary orders", "通常購入"),
    "kind_sub_first": ("First deliveries", "定期初回"),
    "kind_sub_renewal": ("Renewals", "定期2回目以降"),
    "kind_swap": ("Exchanges", "交換"),
    "kind_sample": ("Samples", "サンプル"),
    "deliveries": ("Delivery by delivery", "回数別の継続"),
    "deliveries_delivery": ("Delivery", "回"),
    "deliveries_reach": ("Reached it", "到達"),
    "deliveries_goes_on": ("Went on", "継続率"),
    "deliveries_interval": ("95 % interval", "95%区間"),
    "deliveries_left": ("Of all subscribers", "残存率"),
    # 14. Trust.
    "trust": ("Can I trust it", "信頼性"),
    "trust_question": (
        "Can I trust it? Every row of the file by how it was counted; filters and the day of the "
        "report are applied.",
        "信頼できるか。ファイルのすべての行の扱い。絞り込みと基準日を反映しています。",
    ),
    "trust_title_good": (
        "● Of {asked} rows {share} count; the reading has no open question",
        "● {asked}行のうち{share}を集計。読み取りに疑問点はありません",
    ),
    "trust_title_check": (
        "▲ Of {asked} rows {share} count; check the reasons ({warnings} warnings)",
        "▲ {asked}行のうち{share}を集計。理由を確認してください(警告{warnings}件)",
    ),
    "trust_forecast_held": (
        "The forecast of a year ago held: it was {error} off, inside its band.",
        "1年前の予測は範囲内でした(誤差{error})。",
    ),
    "trust_forecast_missed": (
        "The forecast of a year ago failed: it was {error} off, outside its band.",
        "1年前の予測は範囲の外でした(誤差{error})。",
    ),
    "trust_warnings": (
        "The reading of the file has {warnings} warnings, at the top of the page.",
        "ファイルの読み取りに警告が{warnings}件あります(ページの先頭)。",
    ),
    "trust_rows": ("Rows by how they were counted", "行の扱い"),
    # Ahead.
    "ahead": ("The months ahead", "今後の売上予測"),
    "ahead_question": (
        "What will the shop sell? Today's customers one by one, and new customers as they came so "
        "far. The band holds the outcome with 80 %; it is as wide as the same forecast was wrong "
        "at earlier dates of this shop.",
        "今後の売上は。既存顧客は一人ずつ、新規顧客はこれまでの増え方から予測。80%の範囲は、"
        "過去の時点での同じ予測の誤差から。",
    ),
    "ahead_figure": ("Revenue expected by month", "月別の予測売上"),
    "ahead_title": (
        "{next} in {month}; {amount} ({band}) in all months shown",
        "{month}は{next}、表示期間の合計は{amount}({band})",
    ),
    "ahead_rest": ("{month}, the rest", "{month}の残り"),
    "ahead_existing": ("Today's customers", "既存顧客"),
    "ahead_month": ("Month", "月"),
    "ahead_new": ("New customers", "新規顧客"),
    "ahead_total": ("Together", "合計"),
    "ahead_band": ("80 % band", "80%の範囲"),
    "ahead_all": ("All months", "合計"),
    # 13. The site.
    "site": ("On the site", "サイト"),
    "site_question": (
        "What do visitors do, and where do they leave? {lead}",
        "訪問者は何をし、どこで離れるか。{lead}",
    ),
    "site_title_carts": (
        "{rate} of the carts were left ({interval}), worth {amount}",
        "カゴ落ち率 {rate}({interval})、金額 {amount}",
    ),
    "site_title_carts_alone": (
        "{rate} of the carts were left ({interval})",
        "カゴ落ち率 {rate}({interval})",
    ),
    "site_title": ("What visitors do on the site", "サイト上の行動"),
    "site_writable": (
        "{people} known customers may be written to about carts of the last days, worth {amount}.",
        "直近のカートのうち、連絡できる顧客は{people}人、金額 {amount}。",
    ),
    "last_page": ("Where visitors leave without buying", "購入せずに離れたページ"),
    "last_page_text": (
        "Of the sessions that saw the page, the share that ended on it without a purchase, with "
        "its 95 % interval. Who bought did not leave. The most viewed pages.",
        "そのページを見たセッションのうち、購入せずにそこで終わった割合と95%区間。"
        "購入した訪問者は離脱に数えません。閲覧数の多いページのみ。",
    ),
    "last_page_page": ("Page", "ページ"),
    "last_page_views": ("Views", "閲覧数"),
    "last_page_sessions": ("Sessions", "セッション数"),
    "last_page_rate": ("Left without buying", "購入せず離脱"),
    "last_page_interval": ("95 % interval", "95%区間"),
    "last_page_seconds": ("Seconds", "平均滞在秒数"),
    "stage_name": ("Step", "段階"),
    "stage_count": ("Reached", "到達数"),
    "stage_rate": ("Of the first step", "最初の段階に対する割合"),
    "stage_interval": ("95 % interval", "95%区間"),
    # 15. Appendix.
    "appendix": ("Appendix", "付録"),
    "appendix_question": (
        "Concentration, levels, backtests, how the file was read, and the words of the page.",
        "売上の集中度、状態別の人数、予測の検証、ファイルの読み取り、用語。",
    ),
    "appendix_left_out": ("Not shown: {reasons}", "表示していない項目: {reasons}"),
    "concentration_said": (
        "The top tenth of the customers brings {tenth} of the revenue, the top half {half} (Gini "
        "{gini}).",
        "上位10%の顧客が売上の{tenth}、上位50%が{half}(ジニ係数 {gini})。",
    ),
    "no_concentration": (
        "A customer's revenue is negative, or there is no revenue: shares are not defined.",
        "売上が負の顧客がいる、または売上がないため、構成比を計算できません。",
    ),
    "glossary": ("Words of this page", "用語"),
    "glossary_word": ("Word", "用語"),
    "glossary_meaning": ("Meaning", "意味"),
    "word_new": ("New", "新規"),
    "meaning_new": (
        "A customer in the period of the first order.",
        "初回の注文がその期間にある顧客。",
    ),
    "word_repeat": ("Repeat", "リピート"),
    "meaning_repeat": (
        "A customer with an order in the period that is not the first.",
        "その期間に2回目以降の注文がある顧客。",
    ),
    "word_f2": ("F2", "F2転換率"),
    "meaning_f2": (
        "The share of new customers with a second order within 90 days.",
        "新規顧客のうち、90日以内に2回目の注文をした割合。",
    ),
    "word_active": ("Active", "現役"),
    "meaning_active": (
        "A customer whose last order is fewer days ago than the churn days.",
        "最後の注文からの日数が離脱基準日数より少ない顧客。",
    ),
    "word_churned": ("Churned", "離脱"),
    "meaning_churned": (
        "A customer without an order for the churn days or longer; the same line for everyone.",
        "離脱基準日数以上注文がない顧客。全員に同じ基準です。",
    ),
    "word_slipping": ("Slipping away", "離脱傾向"),
    "meaning_slipping": (
        "A customer who is silent for longer than nearly all of the own gaps between orders.",
        "本人の購入間隔から見て、まれなほど長く注文がない顧客。",
    ),
    "word_due": ("Due", "購入時期"),
    "meaning_due": (
        "A customer whose usual gap between orders has passed.",
        "本人の通常の購入間隔を過ぎた顧客。",
    ),
    "word_left_cart": ("Left cart", "カゴ落ち"),
    "meaning_left_cart": (
        "A cart without an order and without an event for an hour.",
        "1時間行動がなく、注文に至っていないカート。",
    ),
    "word_ltv": ("LTV", "LTV"),
    "meaning_ltv": (
        "Revenue per new customer up to a number of days after the first order.",
        "初回購入からの日数までの、新規顧客1人あたりの累積売上。",
    ),
}
