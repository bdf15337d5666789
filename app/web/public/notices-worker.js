// Shows nothing by itself: it opens the page of a notice, or of a button in it, that somebody has
// pressed. It answers no requests, and keeps nothing.
self.addEventListener('notificationclick', (event) => {
  const { url, urls } = event.notification.data
  const to = urls[event.action] ?? url
  event.notification.close()
  event.waitUntil(open(to))
})

async function open(to) {
  const tabs = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const tab = tabs.find((one) => one.visibilityState === 'visible') ?? tabs[0]
  if (!tab) return self.clients.openWindow(to)
  tab.postMessage({ open: to })
  await tab.focus()
}
