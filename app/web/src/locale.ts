/** The language and region in which the browser writes times and numbers. */
export const locale = new Intl.NumberFormat().resolvedOptions().locale
