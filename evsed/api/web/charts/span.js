// So many seconds in words, such as "3 h 10 min".

export function span(t, seconds) {
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? t("history.span_min", { minutes })
    : t("history.span_h", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}
