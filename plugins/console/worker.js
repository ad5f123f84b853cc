// Opens the console when its button in the toolbar is pressed. The page does the rest, so nothing is kept here.

const extension = globalThis.browser ?? globalThis.chrome;

extension.action.onClicked.addListener(() => {
  extension.tabs.create({ url: extension.runtime.getURL("console.html") });
});
