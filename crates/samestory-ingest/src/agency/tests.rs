//! Credits and datelines as they are written, against the table that comes with the program.

use super::Agencies;
use crate::outlet_table::OutletTable;

fn agencies() -> Agencies {
    OutletTable::built_in().agencies().clone()
}

#[test]
fn a_spelling_has_one_name() {
    let agencies = agencies();
    for (credit, name) in [
        ("Reuters", Some("Reuters")),
        ("(REUTERS)", Some("Reuters")),
        ("© AFP", Some("AFP")),
        ("a.p.", Some("AP")),
        ("/ТАСС/", Some("TASS")),
        ("тасс", Some("TASS")),
        ("iha", Some("İHA")),
        ("（路透社）", Some("Reuters")),
        ("agence  france–presse", Some("AFP")),
        ("The Plains Dispatch", None),
        ("", None),
        ("()", None),
    ] {
        assert_eq!(agencies.named(credit), name, "{credit}");
    }
}

#[test]
fn a_line_that_is_a_credit() {
    let agencies = agencies();
    for (line, names) in [
        ("(Reuters)", "Reuters"),
        ("Reuters/AFP", "Reuters|AFP"),
        ("AFP, dpa", "AFP|dpa"),
        ("dpa/afp/rtr", "dpa|AFP|Reuters"),
        ("dpa/lbg", "dpa"),
        ("— AFP", "AFP"),
        ("avec AFP", "AFP"),
        ("Avec l'AFP et Reuters", "AFP|Reuters"),
        ("(avec l’AFP)", "AFP"),
        ("Source : AFP", "AFP"),
        ("© 2020 AFP. Tous droits réservés.", "AFP"),
        ("La Presse canadienne", "The Canadian Press"),
        ("Mit Material von dpa", "dpa"),
        ("Quelle: dpa", "dpa"),
        ("Quelle: ntv.de, dpa", ""),
        ("Fuente: EFE", "EFE"),
        ("Con información de Reuters", "Reuters"),
        ("con Reuters y AP", "Reuters|AP"),
        ("com Reuters", "Reuters"),
        ("Com informações da Agência Brasil", "Agência Brasil"),
        ("Bron: ANP", "ANP"),
        ("Fonte: ANSA", "ANSA"),
        ("По материалам ТАСС", "TASS"),
        ("Theo Reuters", "Reuters"),
        ("(Theo TTXVN)", "VNA"),
        ("Theo AP và Reuters", "AP|Reuters"),
        ("新华社", "Xinhua"),
        ("来源：新华社", "Xinhua"),
        ("据路透社", "Reuters"),
        ("据路透社和法新社报道", "Reuters|AFP"),
        ("Reuters contributed to this report.", "Reuters"),
        ("The Associated Press contributed to this report", "AP"),
        ("The Associated Press and Reuters contributed to this story.", "AP|Reuters"),
        ("With files from The Canadian Press", "The Canadian Press"),
        ("Copyright 2020 The Associated Press. All rights reserved.", "AP"),
        ("(c) 2019-2020 AFP", "AFP"),
        ("By Reuters Staff", "Reuters"),
        ("ＡＦＰ", "AFP"),
    ] {
        assert_eq!(agencies.credited(line).join("|"), names, "{line}");
    }
}

#[test]
fn a_sentence_is_no_credit() {
    let agencies = agencies();
    for line in [
        "Reuters was founded in 1851.",
        "The minister told Reuters.",
        "with the minister",
        "Reuters and the Guardian",
        "The Associated Press is a cooperative",
        "AFP Reuters said",
        "路透社记者说，他不知道。",
        "据路透社报道，部长周三辞职。",
        "Theo Reuters, hai bộ trưởng đã gặp nhau.",
        "Reutersdorf",
        "Ap",
        "App",
        "Downloaded from an app/web",
        "source",
        "2020",
        "",
    ] {
        assert_eq!(agencies.credited(line), Vec::<&str>::new(), "{line}");
    }
}

/// Opening, place, agency; what follows is `Zwei Minister met. 两` or so in every case.
#[test]
fn datelines_are_found() {
    let agencies = agencies();
    for (opening, place, agency) in [
        ("TRIPOLI, Jan 8 (Reuters) - ", "TRIPOLI", "Reuters"),
        ("PARIS, 8 janvier (AFP) – ", "PARIS", "AFP"),
        ("Paris, le 8 janvier 2020 (AFP) - ", "Paris", "AFP"),
        ("Paris (AFP) - ", "Paris", "AFP"),
        ("Rio de Janeiro (AFP) - ", "Rio de Janeiro", "AFP"),
        ("BERLIN (dpa) - ", "BERLIN", "dpa"),
        ("Berlin (dpa/lbg) - ", "Berlin", "dpa"),
        ("Frankfurt/Main (dpa-AFX) - ", "Frankfurt/Main", "dpa"),
        ("Bern (sda) - ", "Bern", "Keystone-SDA"),
        ("Madrid, 8 ene (EFE).- ", "Madrid", "EFE"),
        ("Madrid, 8 ene. (EFE).-", "Madrid", "EFE"),
        ("MADRID, 8 Ene. (EUROPA PRESS) - ", "MADRID", "Europa Press"),
        ("CIUDAD DE MÉXICO, 8 de enero (Notimex).- ", "CIUDAD DE MÉXICO", "Notimex"),
        ("ROMA (ANSA) - ", "ROMA", "ANSA"),
        ("(ANSA) - ROMA, 08 GEN - ", "ROMA", "ANSA"),
        ("(ANSA) - NEW YORK, 08 GEN - ", "NEW YORK", "ANSA"),
        ("Lisboa, 08 jan 2020 (Lusa) - ", "Lisboa", "Lusa"),
        ("AMSTERDAM (ANP) - ", "AMSTERDAM", "ANP"),
        ("МОСКВА, 8 января. /ТАСС/. ", "МОСКВА", "TASS"),
        ("MOSCOW, January 8. /TASS/. ", "MOSCOW", "TASS"),
        ("МОСКВА, 8 янв - РИА Новости. ", "МОСКВА", "RIA Novosti"),
        ("САНКТ-ПЕТЕРБУРГ, 8 янв — РИА Новости, Иван Петров. ", "САНКТ-ПЕТЕРБУРГ", "RIA Novosti"),
        ("Москва. 8 января. INTERFAX.RU - ", "Москва", "Interfax"),
        ("Praha 8. ledna (ČTK) - ", "Praha", "ČTK"),
        ("Budapest, 2020. január 8., szerda (MTI) - ", "Budapest", "MTI"),
        ("HÀ NỘI (TTXVN) - ", "HÀ NỘI", "VNA"),
        ("Hà Nội, ngày 8/1 (TTXVN) - ", "Hà Nội", "VNA"),
        ("ANKARA (AA) - ", "ANKARA", "Anadolu"),
        ("İSTANBUL (İHA) - ", "İSTANBUL", "İHA"),
        ("القاهرة (رويترز) - ", "القاهرة", "Reuters"),
        ("الرياض 8 يناير (أ ف ب) - ", "الرياض", "AFP"),
        ("新华社北京1月8日电 ", "北京", "Xinhua"),
        ("新华社北京1月8日电（记者张三、李四）", "北京", "Xinhua"),
        ("据新华社华盛顿1月8日电 ", "华盛顿", "Xinhua"),
        ("（新华社）", "", "Xinhua"),
        ("中新社北京1月8日电", "北京", "China News Service"),
        ("（中央社記者王小明台北8日電）", "", "CNA"),
        ("（ロイター）- ", "", "Reuters"),
        ("［東京　８日　ロイター］ - ", "東京", "Reuters"),
        ("【北京共同】", "北京", "Kyodo"),
        ("(서울=연합뉴스) 홍길동 기자 = ", "서울", "Yonhap"),
        ("New Delhi [India], January 8 (ANI): ", "New Delhi", "ANI"),
        ("New Delhi, Jan 8 (PTI) ", "New Delhi", "PTI"),
        ("WASHINGTON (AP) — ", "WASHINGTON", "AP"),
        ("WASHINGTON (AP) ", "WASHINGTON", "AP"),
        ("BEIJING, Jan. 8 (Xinhua) -- ", "BEIJING", "Xinhua"),
        ("WASHINGTON, Jan. 8 (UPI) -- ", "WASHINGTON", "UPI"),
        ("(Reuters) - ", "", "Reuters"),
        ("(CNN) ", "", "CNN"),
        ("(CNN)", "", "CNN"),
        ("ISTANBUL — ", "ISTANBUL", ""),
        ("ISTANBUL, 8 janvier — ", "ISTANBUL", ""),
        ("NEW YORK, N.Y. -- ", "NEW YORK, N.Y.", ""),
        ("SPRINGFIELD, Ill. (AP) — ", "SPRINGFIELD, Ill.", "AP"),
        ("LONDON—", "LONDON", ""),
        ("KYIV (Suspilne) - ", "KYIV", "Suspilne"),
        ("  TRIPOLI, Jan 8 (Reuters) - ", "TRIPOLI", "Reuters"),
    ] {
        for report in ["Two ministers met on Monday.", "两国部长 met 周一 on 8"] {
            if opening.ends_with('—') && !report.starts_with('T') {
                continue;
            }
            let text = format!("{opening}{report}");
            let Some(found) = agencies.opening(&text) else { panic!("{text} has a dateline") };
            assert_eq!(&text[found.end..], report, "{text}");
            assert_eq!(found.place.map_or("", |place| &text[place]), place, "{text}");
            assert_eq!(found.agency.unwrap_or_default(), agency, "{text}");
        }
    }
}

#[test]
fn an_ordinary_opening_is_left_alone() {
    let agencies = agencies();
    for text in [
        "The U.S. - a rich country - voted.",
        "A man - no, two.",
        "NATO said on Monday it will stay.",
        "NASA—the agency—said so on Monday.",
        "(Tuesday) It rained.",
        "Paris (Texas) - a small town in America.",
        "London (AFP) reported that it rained.",
        "Agence France-Presse (AFP) - founded in 1835 - is old.",
        "The Press Trust of India (PTI) - an agency - said so.",
        "Press Trust of India (PTI) said so on Monday.",
        "Reuters said on Monday that it rained.",
        "Moscow. 8 January. It rained - again.",
        "路透社报道，部长周三辞职。",
        "新华社记者走进了学校。",
        "北京1月8日下雪了。",
        "(서울=홍길동) 기자 = 서울",
        "ISTANBUL — No",
        "U.S.-backed forces met the rebels on Monday.",
        "U.S.-Canadian ties could worsen on Monday.",
        "TOKYO RUBBER (YEN PER KILO) - APRIL 07",
        "",
        "\n",
    ] {
        assert_eq!(agencies.opening(text), None, "{text}");
    }
}

#[test]
fn more_credits() {
    let agencies = agencies();
    let mut bad = Vec::new();
    for (line, names) in [
        ("(avec AFP et Reuters)", "AFP|Reuters"),
        ("Par AFP", "AFP"),
        ("LePoint avec AFP", ""),
        ("Avec agences", ""),
        ("avec l’agence AFP", "AFP"),
        ("D'après l'AFP", "AFP"),
        ("(ats/afp)", "Keystone-SDA|AFP"),
        ("ATS", "Keystone-SDA"),
        ("(Belga)", "Belga"),
        ("La Presse Canadienne", "The Canadian Press"),
        ("Source: Reuters, AP", "Reuters|AP"),
        ("dpa/tmn", "dpa"),
        ("dpa-AFX", "dpa"),
        ("(dpa)", "dpa"),
        ("mit dpa und AFP", "dpa|AFP"),
        ("Mit Material der Nachrichtenagenturen dpa und Reuters", "dpa|Reuters"),
        ("Quelle: Reuters/dpa/AFP", "Reuters|dpa|AFP"),
        ("© dpa", "dpa"),
        ("(Text: APA)", ""),
        ("Quelle: APA", "APA"),
        ("Quellen: SID, dpa", "SID|dpa"),
        ("epd", "epd"),
        ("© AFP. Alle Rechte vorbehalten.", "AFP"),
        ("Mit Agenturmaterial von dpa", "dpa"),
        ("Quelle: Agenturen", ""),
        ("Con información de EFE y AP", "EFE|AP"),
        ("Agencia EFE", "EFE"),
        ("Fuentes: AFP, Reuters", "AFP|Reuters"),
        ("Por EFE", "EFE"),
        ("EFE y agencias", "EFE"),
        ("Europa Press", "Europa Press"),
        ("(Con información de Notimex)", "Notimex"),
        ("Con datos de la agencia Reuters", "Reuters"),
        ("Fuente: Télam", "Télam"),
        ("AFP y EFE", "AFP|EFE"),
        ("©EFE", "EFE"),
        ("Fonte: Agência Brasil", "Agência Brasil"),
        ("Com Reuters e AFP", "Reuters|AFP"),
        ("Com informações da Reuters", "Reuters"),
        ("Com informações do Estadão Conteúdo", "Estadão Conteúdo"),
        ("As informações são da Agência Brasil", "Agência Brasil"),
        ("Agência Lusa", "Lusa"),
        ("Com Lusa", "Lusa"),
        ("Estadão Conteúdo", "Estadão Conteúdo"),
        ("As informações são do jornal O Estado de S. Paulo.", ""),
        ("(ANSA)", "ANSA"),
        ("Fonte ANSA", "ANSA"),
        ("RIPRODUZIONE RISERVATA © Copyright ANSA", "ANSA"),
        ("© RIPRODUZIONE RISERVATA", ""),
        ("Adnkronos", "Adnkronos"),
        ("da Reuters e Ansa", "Reuters|ANSA"),
        ("Bron: ANP/Reuters", "ANP|Reuters"),
        ("ANP", "ANP"),
        ("© ANP", "ANP"),
        ("Door: ANP", "ANP"),
        ("Bron: Belga", "Belga"),
        ("door ANP en AFP", "ANP|AFP"),
        ("По материалам РИА Новости", "RIA Novosti"),
        ("Источник: ТАСС", "TASS"),
        ("Источник: РИА «Новости»", "RIA Novosti"),
        ("По данным Интерфакс", "Interfax"),
        ("Фото: РИА Новости", "RIA Novosti"),
        ("ТАСС, РИА Новости", "TASS|RIA Novosti"),
        ("По материалам агентств ТАСС и Интерфакс", "TASS|Interfax"),
        ("Об этом сообщает ТАСС.", "TASS"),
        ("Theo TTXVN/Vietnam+", "VNA"),
        ("(TTXVN/Vietnam+)", "VNA"),
        ("Nguồn: AFP", "AFP"),
        ("Theo AFP, Reuters", "AFP|Reuters"),
        ("(Theo hãng tin Reuters)", "Reuters"),
        ("Theo Tân Hoa Xã", "Xinhua"),
        ("theo VnExpress", ""),
        ("（新华社）", "Xinhua"),
        ("来源:新华网", "Xinhua"),
        ("来源：中国新闻网", "China News Service"),
        ("综合新华社、路透社报道", "Xinhua|Reuters"),
        ("據法新社報導", "AFP"),
        ("（来源：新华社）", "Xinhua"),
        ("来源：人民日报", ""),
        ("綜合路透社、法新社", "Reuters|AFP"),
        ("Kaynak: AA", "Anadolu"),
        ("AA", "Anadolu"),
        ("Kaynak: Anadolu Ajansı", "Anadolu"),
        ("DHA ve İHA", "DHA|İHA"),
        ("(İHA)", "İHA"),
        ("İhlas Haber Ajansı", "İHA"),
        ("Źródło: PAP", "PAP"),
        ("(PAP)", "PAP"),
        ("źródło: PAP, Reuters", "PAP|Reuters"),
        ("PAP i Reuters", "PAP|Reuters"),
        ("المصدر: رويترز", "Reuters"),
        ("(رويترز)", "Reuters"),
        ("المصدر: وكالات", ""),
        ("(أ ف ب)", "AFP"),
        ("(د ب أ)", "dpa"),
        ("المصدر: وكالة الأناضول", "Anadolu"),
        ("المصدر: أ.ف.ب", "AFP"),
        ("（共同）", "Kyodo"),
        ("【時事通信社】", "Jiji"),
        ("提供：共同通信", "Kyodo"),
        ("(c)AFP", "AFP"),
        ("【AFP=時事】", "AFP|Jiji"),
        ("(ロイター)", "Reuters"),
        ("출처: 연합뉴스", "Yonhap"),
        ("(로이터=연합뉴스)", "Reuters|Yonhap"),
        ("Källa: TT", "TT"),
        ("(TT)", "TT"),
        ("(©NTB)", "NTB"),
        ("Kilde: Ritzau", "Ritzau"),
        ("(ČTK)", "ČTK"),
        ("Zdroj: ČTK", "ČTK"),
        ("/ritzau/", "Ritzau"),
        ("- With files from Reuters and The Associated Press", "Reuters|AP"),
        ("With inputs from ANI", "ANI"),
        ("(With inputs from PTI)", "PTI"),
        ("(With PTI inputs)", ""),
        ("Reporting by Reuters", "Reuters"),
        ("PTI", "PTI"),
        ("— IANS", "IANS"),
        ("AAP", "AAP"),
        ("with AAP", "AAP"),
        ("- AP", "AP"),
        ("© 2021 Bloomberg L.P.", "Bloomberg"),
        ("©2020 dpa GmbH", "dpa"),
        ("Press Association", "PA"),
        ("PA", "PA"),
        ("Copyright (c) 2020 Xinhua. All rights reserved.", "Xinhua"),
        ("(AP Photo/John Smith)", ""),
        ("SOURCE: Reuters", "Reuters"),
        ("Source: Xinhua", "Xinhua"),
        ("Agencies", ""),
        ("Map", ""),
        ("The Sun", ""),
        ("Petra", "Petra"),
        ("Fox News", "Fox News"),
        ("Sputnik, Reuters", "Sputnik|Reuters"),
        ("Reuters, BBC", ""),
    ] {
        let got = agencies.credited(line).join("|");
        if got != names {
            bad.push(format!("{line:?}: got {got:?} want {names:?}"));
        }
    }
    for (opening, place, agency) in [
        ("BEIRUT, Lebanon (AP) - ", "BEIRUT, Lebanon", "AP"),
        ("BRASÍLIA, DF (FOLHAPRESS) - ", "BRASÍLIA, DF", "Folhapress"),
        ("São Paulo, 8 jan (Reuters) - ", "São Paulo", "Reuters"),
        ("BUENOS AIRES, 8 ene (Reuters) - ", "BUENOS AIRES", "Reuters"),
        ("Genève (awp/ats) - ", "Genève", "AWP"),
        ("Zürich (awp) - ", "Zürich", "AWP"),
        ("Washington (AFP) – ", "Washington", "AFP"),
        ("Warszawa (PAP) - ", "Warszawa", "PAP"),
        ("STOCKHOLM (TT) – ", "STOCKHOLM", "TT"),
        ("Wien (APA/dpa) - ", "Wien", "APA"),
        ("Wien/Berlin (APA) - ", "Wien/Berlin", "APA"),
        ("КИЕВ, 8 января (Рейтер) - ", "КИЕВ", "Reuters"),
        ("Киев. 8 января. УНИАН. ", "Киев", "UNIAN"),
        ("МИНСК, 8 янв — Sputnik. ", "МИНСК", "Sputnik"),
        ("Минск. 8 января. Интерфакс - ", "Минск", "Interfax"),
        ("ТАСС, 8 января. ", "", "TASS"),
        ("МОСКВА, 8 янв - РИА Новости, Мария Петрова. ", "МОСКВА", "RIA Novosti"),
        ("JERUSALEM, Jan. 8, 2020 (Xinhua) -- ", "JERUSALEM", "Xinhua"),
        ("Jakarta (ANTARA) - ", "Jakarta", "Antara"),
        ("KUALA LUMPUR, Jan 8 (Bernama) -- ", "KUALA LUMPUR", "Bernama"),
        ("TEHRAN, Jan. 08 (MNA) – ", "TEHRAN", "Mehr"),
        ("RIYADH -- ", "RIYADH", ""),
        ("دمشق-سانا ", "", ""),
        ("الرياض 08 جمادى الأولى (واس) - ", "الرياض", "SPA"),
        ("عمان 8 كانون الثاني (بترا)- ", "عمان", "Petra"),
        ("北京1月8日电 ", "", ""),
        ("新华社电 ", "", ""),
        ("中新网北京1月8日电 (记者 张三)", "北京", "China News Service"),
        ("中新网1月8日电 ", "", "China News Service"),
        ("（中央社台北8日電）", "台北", "CNA"),
        ("【東京共同】", "東京", "Kyodo"),
        ("[東京 ８日 ロイター] - ", "東京", "Reuters"),
        ("(워싱턴=연합뉴스) 김철수 특파원 = ", "워싱턴", "Yonhap"),
        ("नई दिल्ली, 8 जनवरी (भाषा) ", "नई दिल्ली", "PTI"),
        ("Αθήνα (ΑΠΕ-ΜΠΕ) - ", "Αθήνα", "ANA-MPA"),
        ("Ottawa (Reuters) — ", "Ottawa", "Reuters"),
        ("Den Haag (ANP) - ", "Den Haag", "ANP"),
        ("LONDON, Jan 8, 2020 (AFP) - ", "LONDON", "AFP"),
        ("London, Aug. 8 (UPI) -- ", "London", "UPI"),
        ("Ha Noi, 8/1 (VNA) - ", "Ha Noi", "VNA"),
        ("Hanoi (VNA) – ", "Hanoi", "VNA"),
        ("ROMA, 8 gennaio (LaPresse) - ", "ROMA", "LaPresse"),
        ("Roma, 8 gen. (askanews) - ", "Roma", "askanews"),
        ("Roma, 8 gen. (Adnkronos) - ", "Roma", "Adnkronos"),
        ("(AGI) - Roma, 8 gen. - ", "Roma", "AGI"),
        ("(Adnkronos) - ", "", "Adnkronos"),
        ("(LaPresse) - ", "", "LaPresse"),
        ("ΑΘΗΝΑ - ", "ΑΘΗΝΑ", ""),
        ("OTTAWA — ", "OTTAWA", ""),
        ("MONTRÉAL — ", "MONTRÉAL", ""),
        ("NEW DELHI: ", "", ""),
        ("LAGOS, Nigeria (AP) — ", "LAGOS, Nigeria", "AP"),
        ("MUMBAI (Reuters) – ", "MUMBAI", "Reuters"),
    ] {
        let text = format!("{opening}Zwei Minister trafen sich am Montag.");
        let got = agencies.opening(&text);
        let (end, p, a) = got.map_or((0, "", String::new()), |o| {
            (o.end, o.place.map_or("", |r| &text[r]), o.agency.unwrap_or_default())
        });
        let want_end = if place.is_empty() && agency.is_empty() { 0 } else { opening.len() };
        if (end, p, a.as_str()) != (want_end, place, agency) {
            bad.push(format!("{opening:?}: got {:?} {p:?} {a:?}", &text[..end]));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
