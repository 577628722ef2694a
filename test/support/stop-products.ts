import { stopAllProducts } from './product.js';

afterAll(stopAllProducts);
