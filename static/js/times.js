// Shows points in time as the visitor's clock tells them; the server writes them in UTC.

const words = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });

export function showLocalTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.title = time.textContent;
    time.textContent = words.format(new Date(time.dateTime));
  }
}
