import './style.css' // first: what a component says of itself comes after it
import { createApp } from 'vue'
import App from './App.vue'

createApp(App).mount('#app')
